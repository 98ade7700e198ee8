"""Pages of the responses room."""

from django.urls import path

from responses import (
    denial_views,
    entry_views,
    file_views,
    line_views,
    money_views,
    refund_views,
    rule_views,
    scan_views,
    views,
)

app_name = "responses"
urlpatterns = [
    path("denials/", denial_views.work_list, {"which": "denials"}, name="denials"),
    path("denials/underpaid/", denial_views.work_list, {"which": "underpaid"}, name="underpaid"),
    path("denials/letters/<str:public_id>/", denial_views.letter, name="letter"),
    path("denials/<str:which>/<str:act>/", denial_views.act, name="denial-act"),
    path("settings/posting-rules/", rule_views.rules, name="rules"),
    path("settings/posting-rules/what-if/", rule_views.what_if_rule, name="what-if"),
    path("settings/trusted-codes/", rule_views.trust_page, name="trust"),
    path("settings/posting-rules/remove/", rule_views.remove_rule, name="remove-rule"),
    path("reports/insurance/claim-responses/", views.list_page, name="list"),
    path("reports/insurance/claim-responses/checks/", entry_views.remittances, name="remittances"),
    path("reports/insurance/claim-responses/by-month/", entry_views.by_month, name="by-month"),
    path("reports/insurance/claim-responses/copays/", money_views.copays_page, name="copays"),
    path("reports/insurance/claim-responses/takebacks/", money_views.tracker, name="takebacks"),
    path("reports/insurance/claim-responses/deposits/", money_views.deposits_page, name="deposits"),
    path("reports/insurance/claim-responses/deposits/bank/", money_views.bank, name="bank"),
    path(
        "reports/insurance/claim-responses/deposits/bank/<str:public_id>/", money_views.bank_line, name="bank-line"
    ),
    path("reports/insurance/claim-responses/upload/", entry_views.upload, name="upload"),
    path("reports/insurance/claim-responses/eob/", entry_views.find_claim, name="find-claim"),
    path("reports/insurance/claim-responses/eob/<str:claim_id>/", entry_views.eob, name="eob"),
    path("reports/insurance/claim-responses/checks/<str:public_id>/text/", entry_views.as_text, name="text"),
    path("reports/insurance/claim-responses/checks/<str:public_id>/undo/", entry_views.undo_file, name="undo-file"),
    path("reports/insurance/claim-responses/checks/<str:public_id>/payee/", entry_views.payee, name="payee"),
    path("reports/insurance/claim-responses/checks/<str:public_id>/scans/", scan_views.add, name="scan-add"),
    path("reports/insurance/claim-responses/scans/<str:public_id>/", scan_views.scan, name="scan"),
    path("reports/insurance/claim-responses/scans/<str:public_id>/remove/", scan_views.remove, name="scan-remove"),
    path(
        "reports/insurance/claim-responses/checks/<str:public_id>/provider/<int:ordinal>/",
        entry_views.provider_item, name="provider-item",
    ),
    path(
        "reports/insurance/claim-responses/checks/<str:public_id>/provider/<int:ordinal>/refund/",
        refund_views.page, name="insurer-refund",
    ),
    path("reports/insurance/claim-responses/<str:public_id>/", views.opened, name="response"),
    path("reports/insurance/claim-responses/<str:public_id>/file/", file_views.in_file, name="in-file"),
    path("reports/insurance/claim-responses/<str:public_id>/lines/", line_views.lines, name="lines"),
    path("reports/insurance/claim-responses/<str:public_id>/<str:act>/", views.act, name="act"),
]  # fmt: skip
