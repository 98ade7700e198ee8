"""Addresses of the patients room's pages."""

from __future__ import annotations

from django.urls import path

from patients import import_views, views

app_name = "patients"
urlpatterns = [
    path("patients/", views.patient_list, name="list"),
    path("patients/export/", views.patient_export, name="export"),
    path("patients/new/", views.register, name="register"),
    path("patients/pick/", views.pick, name="pick"),
    path("patients/imports/", import_views.import_list, name="imports"),
    path("patients/imports/<str:public_id>/", import_views.one_import, name="import"),
    path("patients/<str:public_id>/", views.patient_page, name="patient"),
    path("patients/<str:public_id>/edit/", views.edit, name="edit"),
]
