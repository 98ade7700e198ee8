"""Addresses of the billing room's pages."""

from __future__ import annotations

from django.urls import path

from billing.views import catalogue, checkout, documents, drawer, estimates, money, receipts, worklists

app_name = "billing"
urlpatterns = [
    path("visits/<str:public_id>/check-out/", checkout.check_out, name="check-out"),
    path("visits/<str:public_id>/why/<str:line_id>/", checkout.why_line, name="why-line"),
    path("visits/<str:public_id>/estimate/", estimates.estimate_part, name="estimate"),
    path("visits/<str:public_id>/good-faith/", estimates.good_faith_page, name="good-faith"),
    path("estimates/<str:public_id>/pdf/", estimates.good_faith_pdf, name="good-faith-pdf"),
    path("visits/<str:public_id>/transition/", worklists.try_visit, name="try-visit"),
    path("visits/<str:public_id>/missed/", worklists.missed_visit, name="missed-visit"),
    path("missing-charges/", worklists.missing_charges, name="missing-charges"),
    path("not-transitioned/", worklists.not_transitioned, name="not-transitioned"),
    path("not-transitioned/charge/", worklists.start_batch, name="transition-batch"),
    path("coding/", worklists.coding, name="coding"),
    path("charges/<str:public_id>/why/", checkout.why, name="why"),
    path("receipts/<str:public_id>/", receipts.receipt, name="receipt"),
    path("receipts/<str:public_id>/pdf/", receipts.receipt_pdf, name="receipt-pdf"),
    path("receipts/<str:public_id>/mail/", receipts.receipt_mail, name="receipt-mail"),
    path("drawer/", drawer.drawer, name="drawer"),
    path("patients/<str:public_id>/one-off/", drawer.one_off, name="one-off"),
    path("receipts/<str:public_id>/take-back/", receipts.reverse_payment, name="reverse-payment"),
    path("patients/<str:public_id>/balance/", money.patient_balance, name="patient-balance"),
    path("patients/<str:public_id>/explain/", money.explain, name="explain"),
    path("patients/<str:public_id>/payment/", money.take_payment, name="take-payment"),
    path("patients/<str:public_id>/payment/split/", money.payment_split, name="payment-split"),
    path("patients/<str:public_id>/refund/", money.refund, name="refund"),
    path("patients/<str:public_id>/statement/", documents.statement_preview, name="statement-preview"),
    path("invoices/<str:public_id>/", documents.invoice, name="invoice"),
    path("invoices/<str:public_id>/print/", documents.invoice_print, name="invoice-print"),
    path("invoices/<str:public_id>/superbill/", documents.superbill_pdf, name="superbill-pdf"),
    path("invoices/<str:public_id>/void/", documents.void_invoice, name="void-invoice"),
    path("invoices/<str:public_id>/write-off/", documents.write_off, name="write-off"),
    path("statements/", documents.statement_list, name="statements"),
    path("statements/batch/", documents.statement_batch, name="statement-batch"),
    path("statements/<str:public_id>/", documents.statement, name="statement"),
    path("statements/<str:public_id>/pdf/", documents.statement_download, name="statement-pdf"),
    path("settings/payment-methods/", catalogue.payment_methods, name="payment-methods"),
    path("settings/fees/", catalogue.fees, name="fees"),
]
