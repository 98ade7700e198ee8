"""The demo's plain facts: clinics, people, payers, services. Own labels; codes are ordinary claim data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """One demo clinic before it exists."""

    slug: str
    name: str
    location: str
    npi_stem: str
    tax_id: str
    taxonomy: str
    street: str
    phone: str
    clinicians: tuple[tuple[str, str, str], ...]
    services: tuple[tuple[str, str, str], ...]  # code, name, price
    types: tuple[tuple[str, int, tuple[str, ...]], ...]  # name, minutes, usual service codes
    diagnoses: tuple[tuple[str, str], ...]
    autopay: str = "off"
    extra: dict[str, str] = field(default_factory=dict)


ALDER = ClinicFacts(
    slug="alder",
    name="Alder Chiropractic",
    location="Main Street",
    npi_stem="13020040",
    tax_id="361234567",
    taxonomy="111N00000X",
    street="210 Main Street",
    phone="2175550110",
    clinicians=(("Ida", "Bexley", "DC"), ("Ken", "Sato", "DC")),
    services=(
        ("98940", "Adjustment, 1 to 2 areas", "45.00"),
        ("98941", "Adjustment, 3 to 4 areas", "60.00"),
        ("97140", "Manual therapy, 15 min", "48.00"),
        ("97110", "Exercise, 15 min", "42.00"),
        ("99203", "New patient visit", "140.00"),
    ),
    types=(
        ("Adjustment", 30, ("98941", "97140")),
        ("Short adjustment", 20, ("98940",)),
        ("New patient", 45, ("99203", "98940")),
    ),
    diagnoses=(("M9903", "Lumbar segmental dysfunction"), ("M5450", "Low back pain"), ("M542", "Neck pain")),
    autopay="post",
)
BIRCH = ClinicFacts(
    slug="birch",
    name="Birch Family Medicine",
    location="Lake Avenue",
    npi_stem="14030050",
    tax_id="367654321",
    taxonomy="207Q00000X",
    street="88 Lake Avenue",
    phone="2175550140",
    clinicians=(("Mary", "Okonjo", "MD"), ("Paul", "Reyes", "NP")),
    services=(
        ("99213", "Office visit, established", "125.00"),
        ("99214", "Office visit, longer", "185.00"),
        ("99203", "New patient visit", "165.00"),
        ("36415", "Blood draw", "18.00"),
        ("93000", "Electrocardiogram", "55.00"),
    ),
    types=(
        ("Follow-up", 20, ("99213",)),
        ("Long visit", 30, ("99214", "36415")),
        ("New patient", 40, ("99203", "93000")),
    ),
    diagnoses=(("I10", "High blood pressure"), ("E119", "Type 2 diabetes"), ("J069", "Cold, upper airways")),
    autopay="off",
)
# name, electronic payer id, filing indicator, identifier of its 835s, plan, copay, takes 7 and 8
PAYERS = (
    ("Aetna", "60054", "CI", "1066033492", "PPO", "25.00", True),
    ("Cigna", "62308", "CI", "1061059331", "Open Access", None, True),
    ("UnitedHealthcare", "87726", "CI", "1411289245", "Choice Plus", "25.00", True),
    ("Medicare Part B", "MEDB1", "MB", "1520000001", "Part B", None, False),
    ("AARP Medicare Supplement", "36273", "CI", "1363739783", "Plan G", None, True),
)
METHODS = (
    ("Cash", "patient", False, True),
    ("Check", "patient", True, False),
    ("Card terminal", "patient", True, False),
    ("HSA card", "patient", True, False),
    ("Insurance", "insurance", False, False),
)
# last name, first name, sex, birth year, who pays (payer ids in order), scenario of the sandbox
PATIENTS = (
    ("Okafor", "Maren", "F", 1984, ("60054",), "COPAY25"),
    ("Thornbury", "Caleb", "M", 2001, ("62308",), "PAID"),
    ("Delgado-Hart", "Rosa", "F", 1968, ("60054",), "DEDUCT"),
    ("Lindqvist", "Theo", "M", 1996, ("87726",), ""),
    ("Oyelaran", "Walter", "M", 1954, ("MEDB1", "36273"), "XOVER"),
    ("Varga", "Ines", "F", 1981, ("62308",), "DENY16"),
    ("Achterberg", "Samuel", "M", 1973, ("60054",), "REJ277"),
    ("Haddadin", "Noor", "F", 1992, ("87726",), "UNDERPAY"),
    ("Winship", "Dolores", "F", 1945, ("MEDB1", "60054"), ""),
    ("Pruitt", "Jonah", "M", 1978, ("62308",), "REVERSE"),
    ("Feld", "Amara", "F", 1994, ("60054",), "SILENT"),
    ("Marsh", "Gideon", "M", 1954, ("62308",), "TAKEBACK"),
    ("Kroll", "Bettina", "F", 1962, ("87726",), "DENY197"),
    ("Fairbrother", "Lena", "F", 1999, ("60054",), "DUPFILE"),
    ("Bramwell", "Otis", "M", 1990, (), ""),
    ("Quade", "Hollis", "M", 1987, ("62308",), "PAID"),
    ("Nandakumar", "Priya", "F", 1987, ("60054",), "RENAMED"),
    ("Sorensen", "Elin", "F", 1976, ("62308",), "NOTFOUND"),
)
PEOPLE = (
    ("front_desk", "Jo Arden", "frontdesk"),
    ("biller", "Nadia Ferro", "biller"),
    ("admin", "Ruth Calloway", "admin"),
    ("owner", "Sam Whitlock", "owner"),
    ("auditor", "Ana Petrov", "auditor"),
)
PASSWORD = "clean claim demo"  # noqa: S105 - printed by ./start for the demo clinics only
