"""Tenancy and people: companies, clinics, locations, members, the wall between clinics, permissions.

The lowest app: everybody above stands on its TenantModel, its scope and its permission matrix.
"""
