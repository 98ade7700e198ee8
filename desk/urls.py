"""Addresses of the desk."""

from __future__ import annotations

from django.urls import path

from desk.views import (
    compliance_pages,
    frame,
    home_pages,
    merging,
    proof_pages,
    providers,
    set_up,
    settings_page,
    today,
)

app_name = "desk"
urlpatterns = [
    path("", frame.home, name="home"),
    path("health/live", frame.live, name="health-live"),
    path("health/ready", frame.ready, name="health-ready"),
    path("choose-clinic/", frame.choose_clinic, name="choose-clinic"),
    path("signed-in-again/", frame.signed_in_again, name="signed-in-again"),
    path("places/", frame.menu, name="places"),
    path("find/", frame.find, name="find"),
    path("narrow/", frame.narrow, name="narrow"),
    path("jobs/<str:public_id>/", frame.job, name="job"),
    path("design/", frame.design, name="design"),
    path("today/", today.today, name="today"),
    path("today/<str:public_id>/panel/", today.visit_panel, name="visit-panel"),
    path("patients/<str:public_id>/merge/", merging.merge, name="merge"),
    path("patients/<str:public_id>/unmerge/", merging.unmerge, name="unmerge"),
    path("patients/<str:public_id>/merged/", merging.merged, name="merged"),
    path("my-day/", home_pages.my_day, name="my-day"),
    path("dashboard/", home_pages.dashboard, name="dashboard"),
    path("clinics/", home_pages.clinics, name="clinics"),
    path("reports/", home_pages.reports, name="reports"),
    path("reports/compliance/", compliance_pages.doubts, name="compliance"),
    path("reports/compliance/sample/", compliance_pages.sample, name="compliance-sample"),
    path("settings/", settings_page.settings_home, name="settings"),
    path("settings/clinicians/", providers.clinicians, name="clinicians"),
    path("settings/clinicians/new/", providers.clinician, name="clinician-new"),
    path("settings/clinicians/<str:public_id>/", providers.clinician, name="clinician"),
    path("settings/locations/", providers.locations, name="locations"),
    path("settings/locations/new/", providers.location, name="location-new"),
    path("settings/locations/<str:public_id>/", providers.location, name="location"),
    path("settings/billing-providers/new/", providers.billing_provider, name="billing-provider-new"),
    path("settings/billing-providers/<str:public_id>/", providers.billing_provider, name="billing-provider"),
    path("settings/set-up/", set_up.page, name="set-up"),
    path("settings/set-up/line/", set_up.home_line, name="set-up-line"),
    path("settings/integrity/", proof_pages.integrity, name="integrity"),
    path("settings/integrity/again/", proof_pages.work_again, name="integrity-again"),
    path("settings/audit/", proof_pages.audit_log, name="audit"),
    path("settings/locations/<str:location_id>/advanced/", settings_page.advanced, name="advanced-settings"),
    path(
        "settings/locations/<str:location_id>/advanced/<slug:group>/",
        settings_page.advanced,
        name="advanced-settings",
    ),
]
