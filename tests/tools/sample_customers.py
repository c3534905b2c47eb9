"""Invented customers for the sample lists: no known company names, reserved domains only, the same customers every time."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

SEED = 20250101
CUSTOMERS = 2000
NIL = "00000000-0000-0000-0000-000000000000"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words("""
    Amber Ashen Birch Brass Bright Cedar Clear Cobalt Copper Coral Crimson Dapple Dusk Early Elder Fallow Fern Flint
    Frost Gilded Granite Hazel Hollow Indigo Iron Ivory Jasper Juniper Lantern Larch Linden Lunar Maple Marble Meadow
    Misty Moss Nettle Ochre Onyx Opal Pebble Pine Plum Quiet Quill Raven Reed Russet Saffron Salt Sandy Scarlet Silver
    Slate Sparrow Spruce Stone Tawny Teal Thistle Timber Umber Velvet Willow Winter Wren
""")
SECOND = _words("""
    Anchor Arch Barn Basin Bay Beacon Bridge Brook Canal Cape Cliff Copse Cove Creek Croft Dale Delta Dock Dune Ferry
    Field Fjord Ford Forge Garden Gate Glen Grove Harbour Haven Hearth Heath Hill Isle Key Kiln Lane Ledge Loft Loom
    Marsh Mill Moor Orchard Park Peak Pier Point Pond Quay Ridge Rock Shore Spring Steps Strand Summit Terrace Tower
    Vale Wharf Wheel Works Yard
""")
TRADE = _words("""
    Logistics Foods Dental Legal Freight Media Robotics Textiles Energy Clinics Schools Insurance Studios Motors
    Plastics Farms Analytics Travel Optics Ceramics
""")
LEGAL = ("Ltd", "GmbH", "Inc.", "S.A.", "AB", "B.V.", "LLC", "Oy", "KG", "S.r.l.", "Pty Ltd", "plc", "ApS", "SAS")
ACCENTED = (
    "Åsgård Fjordbåt AS",
    "Bäckerei Öhrlein GmbH & Co. KG",
    "Café Crème Brûlée SARL",
    "Dúnbygð Útgerð ehf.",
    "Górnicza Żółć Sp. z o.o.",
    "Niño Peñón S.L.",
    "Præstø Blåbær ApS",
    "Řeřicha a Žďár s.r.o.",
    "São João Pão Lda.",
    "Şişli İncir A.Ş.",
    "Straßenblüte OHG",
    "Trường Sơn Gốm JSC",
)
OTHER_SCRIPTS = (
    "株式会社 青い灯台",
    "合同会社 竹の橋",
    "北风纸业有限公司",
    "綠堤物流股份有限公司",
    "주식회사 푸른등대",
    "ООО «Тихая Пристань»",
    "ТОВ «Вишневий Млин»",
    "Γαλάζιος Φάρος Α.Ε.",
    "مصنع الفنار الأزرق",
    "מגדלור כחול בע״מ",
    "नीला दीपस्तंभ प्रा. लि.",
    "บริษัท ประภาคารสีฟ้า จำกัด",
    "ლურჯი შუქურა შპს",
    "Կապույտ Փարոս ՍՊԸ",
)
AWKWARD = (
    "NA",
    "NULL",
    "None",
    "nan",
    "TRUE",
    "007 Ltd",
    "1e5",
    "3-4",
    "00123",
    "=SUM(A1)",
    "+44 Telephones",
    "-Minus Interiors",
    "@home Systems",
    "'Tis the Season Ltd",
    'The "Blue" Door',
    "<b>Bold</b> & Sons",
    "100% Wool, Pty Ltd",
    "Smith; Jones & Partners",
    "Back\\slash \\n Ltd",
    "Emoji 🚀 Rockets Inc.",
    "Zero\u200bWidth GmbH",
    "E\u0301cole De\u0301compose\u0301e",
    "The Worshipful and Honourable Society of Makers of Unreasonably Long Names for Small Companies of the Lower Valley Ltd",
)
MANAGERS = (
    "Zoë Ångström",
    "李 娜",
    "Marek Wiśniewski",
    "O'Neill, Aoife",
    "J. Doe / K. Roe",
    "نور الهادي",
    "Priya Raman",
    "",
)
TAGS = ("", "", "", "", "gold", "education", "renewal 2025", "gold, renewal 2025", "non-profit; trial")


@dataclass(frozen=True, slots=True)
class Sample:
    """An invented customer, as a list shows it."""

    id: str
    name: str
    domain: str
    manager: str
    tags: str

    def portal_row(self) -> list[str]:
        """The cells of the portal's export."""
        return [self.id, self.name, self.domain, "Cloud Reseller", self.tags]


def invent_customers() -> list[Sample]:
    """The customers of `customers.csv`; the other lists take theirs from among them."""
    dice = random.Random(SEED)
    names = [*ACCENTED, *OTHER_SCRIPTS, *AWKWARD]
    seen = set(names)
    while len(names) < CUSTOMERS:
        name = _name(dice)
        if name not in seen:
            seen.add(name)
            names.append(name)
    dice.shuffle(names)
    return [_customer(dice, number, name) for number, name in enumerate(names, 1)]


def _name(dice: random.Random) -> str:
    first, second = dice.choice(FIRST), dice.choice(SECOND)
    trade, legal = dice.choice(TRADE), dice.choice(LEGAL)
    comma = "," if legal in {"Inc.", "LLC"} else ""
    return dice.choice(
        (
            f"{first} {second} {trade}{comma} {legal}",
            f"{first}{second.lower()} {trade}",
            f"{second} & {first}{comma} {legal}",
        )
    )


def _customer(dice: random.Random, number: int, name: str) -> Sample:
    plain = "".join(c for c in name.lower() if c.isascii() and c.isalpha())[:24] or "customer"
    guid = uuid.UUID(int=dice.getrandbits(128), version=4)
    manager = dice.choices(MANAGERS, weights=(9, 8, 7, 6, 5, 4, 3, 1))[0]
    return Sample(str(guid), name, f"{plain}{number}.onmicrosoft.example", manager, dice.choice(TAGS))


def with_faults(customers: Sequence[Sample]) -> list[Sample]:
    """The demo's list: every customer once, then written differently, doubled and spoiled here and there."""
    rows = list(customers)
    for at in range(90, len(rows), 200):
        rows[at] = replace(rows[at], id=rows[at].id.upper())
    for at in range(130, len(rows), 400):
        rows[at] = replace(rows[at], id=f"{{{rows[at].id.upper()}}}")
    # A partner who is direct-bill and indirect reseller sees customers twice in the portal's export.
    for at in (1700, 1200, 640, 77):
        twice = rows[at - 40]
        rows.insert(at, replace(twice, id=f"{{{twice.id}}}" if at == 640 else twice.id))
    wrong = ("", NIL, "5b6f0c1e-77aa-4d2b-9e10", "tawnybrook.onmicrosoft.example", "ask Marek")
    for at, text in zip((1900, 1450, 903, 512, 205), wrong, strict=True):
        rows.insert(at, replace(rows[at], id=text, name=f"{rows[at].name} (new)"))
    return rows
