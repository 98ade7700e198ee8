"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from clearinghouses import views

app_name = "clearinghouses"
urlpatterns = [
    path("settings/clearinghouses/", views.connection_list, name="connections"),
    path("settings/clearinghouses/new/", views.new_connection, name="new"),
    path("settings/clearinghouses/<str:public_id>/", views.connection, name="connection"),
    path("settings/clearinghouses/<str:public_id>/test/", views.test_connection, name="test"),
    path("settings/clearinghouses/<str:public_id>/numbers/", views.go_on_after, name="numbers"),
    path("settings/clearinghouses/<str:public_id>/confirm-key/", views.confirm_key, name="confirm-key"),
]
