"""Addresses of the insurance room's pages."""

from __future__ import annotations

from django.urls import path

from insurance import (
    authorization_views,
    card_image_views,
    eligibility_views,
    enrollment_views,
    payer_views,
    views,
)

app_name = "insurance"
urlpatterns = [
    path("patients/<str:patient_id>/insurance/", views.manage, name="manage"),
    path("patients/<str:patient_id>/insurance/panel/", views.patient_coverage, name="patient-coverage"),
    path("patients/<str:patient_id>/insurance/new/", views.new_profile, name="new-profile"),
    path("patients/<str:patient_id>/insurance/card/", views.new_card, name="new-card"),
    path("insurance/cards/<str:policy_id>/", views.card, name="card"),
    path("insurance/cards/<str:policy_id>/hover/", views.hover_card, name="hover-card"),
    path("insurance/cards/<str:policy_id>/eligibility/", views.check_eligibility, name="check-eligibility"),
    path("insurance/cards/<str:policy_id>/place/", views.place, name="place"),
    path("insurance/cards/<str:policy_id>/images/", card_image_views.card_image_save, name="card-image-save"),
    path(
        "insurance/cards/<str:policy_id>/images/<slug:side>/", card_image_views.card_image, name="card-image"
    ),
    path("insurance/profiles/<str:profile_id>/act/", views.profile_act, name="profile-act"),
    path("insurance/cards/<str:policy_id>/ask/", eligibility_views.ask_one, name="ask"),
    path("insurance/cards/<str:policy_id>/answers/", eligibility_views.history, name="history"),
    path(
        "insurance/profiles/<str:profile_id>/eligibility/", eligibility_views.chips, name="eligibility-chips"
    ),
    path("eligibility/", eligibility_views.questions, name="questions"),
    path("eligibility/ask/", eligibility_views.ask_about_a_day, name="ask-day"),
    path(
        "eligibility/answers/<str:check_id>/take/", eligibility_views.take_correction, name="take-correction"
    ),
    path("authorizations/", authorization_views.listing, name="authorizations"),
    path("authorizations/<str:authorization_id>/", authorization_views.one, name="authorization"),
    path("authorizations/<str:authorization_id>/number/", authorization_views.renumber, name="renumber"),
    path(
        "patients/<str:patient_id>/authorizations/",
        authorization_views.of_patient,
        name="patient-authorizations",
    ),
    path("patients/<str:patient_id>/authorizations/new/", authorization_views.new, name="authorization-new"),
    path("settings/enrollment/", enrollment_views.page, name="enrollment"),
    path("settings/payers/<str:payer_id>/enrollment/", enrollment_views.of_payer, name="payer-enrollment"),
    path("settings/payers/", payer_views.payer_list, name="payers"),
    path("settings/payers/import/", payer_views.payer_file, name="payer-file"),
    path("settings/payers/new/", payer_views.payer_new, name="payer-new"),
    path("settings/payers/<str:payer_id>/", payer_views.payer_page, name="payer"),
    path("settings/payers/<str:payer_id>/plans/", payer_views.plan_save, name="plan-save"),
    path("settings/payers/<str:payer_id>/rates/", payer_views.rate_save, name="rate-save"),
]
