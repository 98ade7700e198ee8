"""Pages of the claims room."""

from __future__ import annotations

from django.urls import path

from claims import (
    batch_views,
    checkout_views,
    claim_views,
    code_table_views,
    coverage_views,
    filing_views,
    inquiry_views,
    queue_views,
    rule_views,
)

app_name = "claims"

urlpatterns = [
    path("claims/", queue_views.queue_page, name="queue"),
    path("claims/filing/", filing_views.filing_page, name="filing"),
    path("claims/submit/preview/", queue_views.preview, name="preview"),
    path("claims/submit/", queue_views.submit, name="submit"),
    path("claims/bulk/<slug:act>/", queue_views.bulk, name="bulk"),
    path("claims/jobs/<str:public_id>/", queue_views.job, name="job"),
    path("claims/jobs/<str:public_id>/progress/", queue_views.job_progress, name="job-progress"),
    path("claims/batches/", batch_views.batch_list, name="batches"),
    path("claims/batches/<str:public_id>/", batch_views.batch, name="batch"),
    path("claims/batches/<str:public_id>/file/", batch_views.batch_file, name="batch-file"),
    path("claims/batches/<str:public_id>/<slug:act>/", batch_views.batch_act, name="batch-act"),
    path("claims/invoices/<str:public_id>/", checkout_views.for_invoice, name="for-invoice"),
    path("claims/patients/<str:public_id>/", checkout_views.patient_claims, name="patient-claims"),
    path("claims/inquiries/", inquiry_views.inquiry_list, name="inquiries"),
    path("claims/inquiries/<str:inquiry_id>/answer/", inquiry_views.answer, name="inquiry-answer"),
    path("claims/<str:public_id>/", claim_views.claim, name="claim"),
    path("claims/<str:public_id>/ask/", inquiry_views.ask, name="ask"),
    path("claims/<str:public_id>/save/", claim_views.save, name="save"),
    path("claims/<str:public_id>/resubmit/", claim_views.resubmit, name="resubmit"),
    path("claims/<str:public_id>/cms-1500.pdf", claim_views.paper_form, name="paper-form"),
    path("claims/<str:public_id>/proof.pdf", claim_views.proof_packet, name="proof"),
    path("claims/<str:public_id>/<slug:act>/", claim_views.act, name="act"),
    path("patients/<str:patient_id>/insurance/guard/", coverage_views.guard, name="coverage-guard"),
    path("insurance/profiles/<str:profile_id>/move/", coverage_views.move_visits, name="move-visits"),
    path(
        "insurance/profiles/<str:profile_id>/cards/<str:policy_id>/bill/",
        coverage_views.bill_card,
        name="bill-card",
    ),
    path("insurance/moves/<str:move_id>/", coverage_views.coverage_move, name="coverage-move"),
    path("patients/<str:patient_id>/insurance/moves/", coverage_views.patient_moves, name="patient-moves"),
    path("settings/code-tables/", code_table_views.code_tables, name="code-tables"),
    path("settings/code-tables/<str:public_id>/", code_table_views.code_table, name="code-table"),
    path(
        "settings/code-tables/<str:public_id>/<slug:act>/",
        code_table_views.code_table_act,
        name="code-table-act",
    ),
    path("settings/claim-rules/", rule_views.claim_rules, name="claim-rules"),
    path("settings/claim-rules/new/", rule_views.claim_rule_new, name="claim-rule-new"),
    path("settings/claim-rules/<str:public_id>/", rule_views.claim_rule, name="claim-rule"),
    path("settings/claim-rules/<str:public_id>/edit/", rule_views.claim_rule_edit, name="claim-rule-edit"),
    path(
        "settings/claim-rules/<str:public_id>/<slug:act>/", rule_views.claim_rule_act, name="claim-rule-act"
    ),
    path("reports/insurance/claims/", queue_views.report, name="report"),
]
