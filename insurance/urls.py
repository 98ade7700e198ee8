"""Addresses of the insurance room's pages."""

from __future__ import annotations

from django.urls import path

from insurance import payer_views, views

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
    path("insurance/profiles/<str:profile_id>/act/", views.profile_act, name="profile-act"),
    path("settings/payers/", payer_views.payer_list, name="payers"),
    path("settings/payers/new/", payer_views.payer_new, name="payer-new"),
    path("settings/payers/<str:payer_id>/", payer_views.payer_page, name="payer"),
    path("settings/payers/<str:payer_id>/plans/", payer_views.plan_save, name="plan-save"),
    path("settings/payers/<str:payer_id>/rates/", payer_views.rate_save, name="rate-save"),
]
