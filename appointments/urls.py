"""Addresses of the appointments room's pages."""

from __future__ import annotations

from django.urls import path

from appointments import authorization_views, catalogue_views, drift_views, schedule_views, views

app_name = "appointments"
urlpatterns = [
    path("visits/<str:public_id>/authorizations/", authorization_views.of_visit, name="visit-authorizations"),
    path("schedule/", schedule_views.schedule, name="schedule"),
    path("reports/salt-drift/", drift_views.drift_report, name="salt-drift"),
    path("visits/book/", views.book, name="book"),
    path("visits/<str:public_id>/", views.visit_page, name="visit"),
    path("visits/<str:public_id>/lines/", views.line_items, name="line-items"),
    path("visits/<str:public_id>/treatment/", views.treatment, name="treatment"),
    path("visits/<str:public_id>/confirm/", views.confirm, name="confirm"),
    path("visits/<str:public_id>/salt/", views.salt, name="salt"),
    path("visits/<str:public_id>/act/", views.act, name="act"),
    path("visits/<str:public_id>/cancel/", views.cancel, name="cancel"),
    path("visits/<str:public_id>/move/", views.move, name="move"),
    path("visits/<str:public_id>/self-pay/", views.ask_self_pay, name="self-pay"),
    path("visits/<str:public_id>/profile/", views.choose_profile, name="choose-profile"),
    path("patients/<str:patient_id>/visits/", views.patient_visits, name="patient-visits"),
    path("settings/services/", catalogue_views.services, name="services"),
    path("settings/services/new/", catalogue_views.service, name="service-new"),
    path("settings/services/<str:public_id>/", catalogue_views.service, name="service"),
    path("settings/appointment-types/", catalogue_views.types, name="types"),
    path("settings/appointment-types/new/", catalogue_views.appointment_type, name="type-new"),
    path("settings/appointment-types/<str:public_id>/", catalogue_views.appointment_type, name="type"),
    path("settings/statuses/new/", catalogue_views.status, name="status-new"),
    path("settings/statuses/<str:name>/", catalogue_views.status, name="status"),
]
