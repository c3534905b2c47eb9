"""What a header says of its column. Rule: the name alone is judged here; `id_column` weighs it with the cells.

The tables hold the headers' words in the languages of Microsoft's portals, as people see them; `fold` makes them comparable;
no other module holds a header's word. Sources: the exports of Partner Center (the customer list in each language of the
portal; invoice, usage and license reconciliation files), Microsoft Graph, Microsoft 365 Lighthouse, Azure PowerShell, and
the exports of professional-services tools.
"""

import re
import unicodedata
from enum import Enum

_SPELLED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart."""


def fold(header: str) -> str:
    """Return a header as it is compared: case, accents, blanks, underscores, dashes and quotes do not count."""
    bare = header if header.isascii() else unicodedata.normalize("NFKD", header)
    return "".join(
        c
        for c in bare.casefold().translate(_SPELLED)
        if not (c.isspace() or c in "_-\"'=*:\ufeff\u200b\u00ad" or (c > "\x7f" and unicodedata.combining(c)))
    )


def _folded(*words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(fold, words)))


ID_WORDS = _folded(
    *("Microsoft ID", "Tenant ID", "Customer tenant ID", "Customer ID", "id"),
    *("End customer ID", "Reference customer ID", "Azure tenant ID", "Entra tenant ID", "Directory ID"),
    *("Mandanten-ID", "Mandant-ID", "Mandantenkennung", "Kundenmandanten-ID", "Kunden-ID", "Kundenkennung"),
    *("ID Microsoft", "Identifiant Microsoft", "ID du locataire", "ID de locataire", "ID locataire"),
    *("Identifiant du locataire", "ID du client", "ID client", "ID de client", "Identifiant client"),
    *("Id. de Microsoft", "Id de Microsoft", "Id. de inquilino", "Id de inquilino", "ID del inquilino"),
    *("Identificador de inquilino", "Id. de cliente", "ID de cliente", "ID del cliente"),
    *("ID tenant", "ID del tenant", "ID cliente", "Id di Microsoft", "Id. tenant"),
    *("Klant-id", "Klantnummer (tenant)", "Tenant-id van klant", "Microsoft-id"),
    *("ID da Microsoft", "ID do locatário", "ID do inquilino", "ID do cliente", "Identificador do locatário"),
    *("Identyfikator Microsoft", "Identyfikator firmy Microsoft", "Identyfikator dzierżawy", "ID dzierżawy"),
    *("Identyfikator dzierżawcy", "Identyfikator klienta", "ID klienta"),
    *("ID Microsoftu", "ID společnosti Microsoft", "ID tenanta", "ID zákazníka", "Identifikátor zákazníka"),
    *("Kund-ID", "Klientorganisations-ID", "Klient-ID", "Klientorganisationens ID"),
    *("Lejer-id", "Lejerens id", "Kunde-id", "Leier-ID", "Leietaker-ID"),
    *("Microsoft-tunnus", "Vuokraajan tunnus", "Vuokraajatunnus", "Asiakastunnus", "Asiakkaan tunnus"),
    *("テナント ID", "顧客 ID", "お客様 ID", "Microsoft の ID"),
    *("租户 ID", "租户标识", "客户 ID", "Microsoft 标识", "租用戶識別碼", "租用戶 ID", "租戶 ID", "客戶 ID"),
    *("客戶識別碼", "Microsoft 識別碼"),
    *("테넌트 ID", "고객 ID"),
    *("ИД Майкрософт", "ИД Microsoft", "Идентификатор Майкрософт", "Идентификатор Microsoft", "ИД клиента"),
    *("ИД арендатора", "Идентификатор арендатора", "Идентификатор клиента", "ID клиента"),
    *("Microsoft Kimliği", "Kiracı Kimliği", "Müşteri Kimliği", "Kiracı ID"),
)
"""Headers that name the id column by themselves. No order: two are a question, unless one says tenant."""

ROLE_WORDS = {
    "company": (
        _folded(
            *("Company name", "Customer name", "Customer company name", "companyProfile.companyName"),
            *("End customer name", "Customer organization name", "Customer display name", "Tenant name"),
            *("Firmenname", "Name der Firma", "Unternehmensname", "Name des Unternehmens", "Kundenname"),
            *("Nom de la société", "Nom de l'entreprise", "Nom du client", "Nom d'entreprise", "Raison sociale"),
            *("Nombre de la compañía", "Nombre de la empresa", "Nombre de empresa", "Nombre del cliente"),
            *("Nombre de compañía", "Nombre de la organización"),
            *("Nome società", "Nome della società", "Nome azienda", "Nome dell'azienda", "Nome cliente"),
            *("Nome del cliente", "Ragione sociale"),
            *("Bedrijfsnaam", "Naam van bedrijf", "Klantnaam", "Naam bedrijf"),
            *("Nome da empresa", "Nome da companhia", "Nome do cliente", "Razão social"),
            *("Nazwa firmy", "Nazwa klienta", "Nazwa organizacji"),
            *("Název společnosti", "Jméno společnosti", "Název zákazníka", "Název firmy", "Jméno zákazníka"),
            *("Företagsnamn", "Kundnamn", "Företagets namn"),
            *("Firmanavn", "Virksomhedsnavn", "Virksomhedens navn", "Kundenavn", "Bedriftsnavn"),
            *("Yrityksen nimi", "Asiakkaan nimi", "Asiakasnimi"),
            *("会社名", "企業名", "顧客名", "お客様名"),
            *("公司名称", "客户名称", "企业名称", "公司名稱", "客戶名稱"),
            *("회사 이름", "회사명", "고객 이름", "고객명"),
            *("Название компании", "Наименование компании", "Название организации", "Имя клиента", "Название клиента"),
            *("Şirket adı", "Müşteri adı", "Firma adı"),
        ),
        _folded(
            *("Company", "Customer", "Organization", "Organisation", "Organization name", "Organisation name"),
            *("Account name", "Client name", "Client", "End customer", "customer.displayName", "customer.name"),
            *("Firma", "Kunde", "Unternehmen", "Société", "Entreprise", "Empresa", "Compañía", "Cliente"),
            *("Società", "Azienda", "Bedrijf", "Klant", "Klient", "Společnost", "Zákazník", "Företag", "Kund"),
            *("Virksomhed", "Bedrift", "Yritys", "Asiakas", "会社", "顧客", "公司", "客户", "客戶", "회사", "고객"),
            *("Компания", "Клиент", "Организация", "Şirket", "Müşteri"),
        ),
        _folded(
            *("Display name", "Name", "Anzeigename", "Nom complet", "Nom d'affichage", "Nom", "Nombre para mostrar"),
            *("Nombre", "Nome visualizzato", "Nome", "Weergavenaam", "Naam", "Nome de exibição", "Nazwa wyświetlana"),
            *("Nazwa", "Zobrazované jméno", "Název", "Visningsnamn", "Namn", "Vist navn", "Visningsnavn", "Navn"),
            *("Näyttönimi", "Nimi", "表示名", "名前", "显示名称", "名称", "顯示名稱", "名稱", "표시 이름", "이름"),
            *("Отображаемое имя", "Название", "Наименование", "Görünen ad", "Ad"),
        ),
    ),
    "domain": (
        _folded(
            *("Primary domain name", "Primary domain", "companyProfile.domain", "Customer primary domain"),
            *("Customer primary domain name", "Customer domain name"),
            *("Primärer Domänenname", "Primäre Domäne", "Primärdomäne", "Name der primären Domäne"),
            *("Nom de domaine principal", "Domaine principal", "Nom du domaine principal"),
            *("Nombre de dominio principal", "Dominio principal", "Nombre de dominio primario", "Dominio primario"),
            *("Nome di dominio primario", "Nome di dominio principale", "Nome dominio primario", "Dominio principale"),
            *("Primaire domeinnaam", "Primair domein", "Naam van primair domein"),
            *("Nome de domínio primário", "Nome de domínio principal", "Nome do domínio primário", "Domínio primário"),
            *("Nome do domínio principal", "Domínio principal"),
            *("Nazwa domeny podstawowej", "Podstawowa nazwa domeny", "Domena podstawowa", "Główna domena"),
            *("Primární název domény", "Název primární domény", "Primární doména"),
            *("Primärt domännamn", "Primär domän"),
            *("Primært domænenavn", "Primært domæne", "Primært domenenavn", "Primærdomene", "Primært domene"),
            *("Ensisijainen toimialuenimi", "Ensisijaisen toimialueen nimi", "Ensisijainen toimialue"),
            *("プライマリ ドメイン名", "プライマリ ドメイン"),
            *("主域名", "主要域名", "主要網域名稱", "主要網域", "主網域名稱"),
            *("주 도메인 이름", "기본 도메인 이름", "주 도메인", "기본 도메인"),
            *("Имя основного домена", "Основное доменное имя", "Основной домен", "Имя первичного домена"),
            *("Birincil etki alanı adı", "Birincil etki alanı", "Birincil alan adı"),
        ),
        _folded(
            *("Domain name", "Domain", "Customer domain", "Tenant domain", "Default domain", "Default domain name"),
            *("Tenant domain name", "Initial domain", "End customer domain", "Customer tenant domain"),
            *("Domänenname", "Domäne", "Standarddomäne", "Nom de domaine", "Domaine", "Nombre de dominio", "Dominio"),
            *("Nome di dominio", "Nome dominio", "Domeinnaam", "Domein", "Nome de domínio", "Nome do domínio"),
            *("Domínio", "Nazwa domeny", "Domena", "Název domény", "Doména", "Domännamn", "Domän", "Domænenavn"),
            *("Domæne", "Domenenavn", "Domene", "Toimialuenimi", "Toimialueen nimi", "Toimialue", "ドメイン名"),
            *("ドメイン", "域名", "網域名稱", "網域", "도메인 이름", "도메인", "Имя домена", "Доменное имя", "Домен"),
            *("Etki alanı adı", "Etki alanı", "Alan adı"),
        ),
    ),
    "owner": (
        _folded(
            *("Account manager", "Account owner", "Customer owner", "Customer success manager"),
            *("Account executive", "Account rep", "Kundenbetreuer", "Responsable de compte"),
        ),
        _folded("Owner", "Sales rep", "Sales representative", "Salesperson", "Relationship manager"),
    ),
}
"""Headers by role, the more telling ones first: a later group counts only where no earlier one is found."""

_TENANT = _folded(
    *("tenant", "mandant", "locataire", "locatário", "inquilin", "dzierżaw", "klientorganisation", "vuokraaj"),
    *("kiracı", "арендатор", "テナント", "租户", "租戶", "租用戶", "테넌트", "reference customer"),
)
"""Parts of names that say tenant."""

_MICROSOFT = _folded("microsoft", "майкрософт", "azure", "directory", "verzeichnis", "office365", "m365", "msft")
_MICROSOFT_TOKENS = frozenset({"aad", "entra", "entraid", "ms", "o365", "lejer", "leier"})
"""Parts and whole words of names that say whose id it is, though not of what."""

_CUSTOMER = _folded(
    *("customer", "kunde", "client", "klient", "klant", "zákazník", "asiaka", "asiakka", "müşteri", "клиент"),
    *("顧客", "お客様", "客户", "客戶", "고객"),
)
_CUSTOMER_TOKENS = frozenset({"kund"})

_PARTNER = _folded(
    *("partner", "partena", "reseller", "revendeur", "revendedor", "rivenditor", "wiederverkäufer", "distributor"),
    *("provider", "managedby", "managing", "партнер", "パートナー", "合作伙伴", "合作夥伴", "파트너", "iş ortağı"),
)
_PARTNER_TOKENS = frozenset({"mpn", "csp", "msp", "vendor", "our", "own"})

_OTHER = _folded(
    *("subscription", "abonnement", "suscripci", "abbonament", "assinatura", "subskrypc", "předplat", "prenumeration"),
    *("tilau", "サブスク", "订阅", "訂閱", "구독", "подпис", "abonelik"),
    *("relationship", "beziehung", "agreement", "vereinbarung", "contract", "vertrag", "product", "produkt", "produit"),
    *("prodotto", "produto", "invoice", "rechnung", "facture", "factura", "fattura", "bestellung", "auftrag"),
    *("commande", "pedido", "entitlement", "license", "licence", "lizenz", "transaction", "reservation"),
    *("correlation", "operation", "assignment", "resource", "publisher", "promotion", "availability", "billing"),
    *("billable", "commerce", "catalog", "application", "principal", "contact", "device", "machine", "session"),
    *("ticket", "meter", "charge", "request", "opportunity", "location", "address", "accountmanager", "salesrep"),
    *("employee", "technician", "lineitem", "orderid", "offerid", "userid", "objectid", "template", "benutzer"),
    *("utilisateur", "usuario", "utente", "objekt", "angebot", "alternate"),
)
"""Parts of names that say that the id is something else's."""

_OTHER_TOKENS = frozenset(
    (  # noqa: SIM905 - as a sentence it is easier to read
        "order orders offer offers user users object app apps sku seat group role line lead plan event cart etag "
        "row quote site asset team policy upn mailbox job batch run trace key secret"
    ).split()
)
"""Whole words that say the same."""

_IDS = _folded(
    *("id", "ids", "guid", "uuid", "identifier", "identifiant", "identificador", "identificativo", "identyfikator"),
    *("identifikátor", "kennung", "tunnus", "tunniste", "kimliği", "ид", "идентификатор", "識別碼", "标识", "識別子"),
    "식별자",
)
"""Words for an id."""

_TITLE_TOKENS = frozenset(
    (  # noqa: SIM905 - as a sentence it is easier to read
        "partner tenant id microsoft reseller mpn csp our own home directory azure entra aad guid mandant "
        "mandanten name customer organization organisation provider distributor report for of the primary default "
        "location locataire du de inquilino del locatario partenaire socio partnera account indirect direct"
    ).split()
)
"""Words of a label beside the id in a title, such as "Partner tenant ID"."""

_MOST_TOKENS = 6
"""Words of a header that names an id; a sentence about ids has more."""

_repeated = re.compile(r" \(\d+\)$")
_token = re.compile(r"[^\W\d_]+|\d+")
_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Kind(Enum):
    """Whose ids a column holds, by its name."""

    TENANT = "a customer's tenant"
    CUSTOMER = "a customer, in whatever system; or nothing but id"
    UNKNOWN = "the name does not say"
    OTHER = "something else than a customer"


def fold_name(name: str) -> str:
    """Fold a column's name, without the number that a repeated name gets."""
    return fold(_repeated.sub("", name))


def split_name(name: str) -> list[str]:
    """Split a name into words: `customer.tenantId` and `Customer tenant ID` have the same."""
    return [fold(word) for word in _token.findall(_humps.sub(" ", name))]


def classify_name(name: str) -> Kind:
    """Return whose ids a column of that name holds."""
    folded = fold_name(name).replace("partnercenter", "microsoft")
    tokens = split_name(name)
    customer = _mentions(folded, tokens, _CUSTOMER, _CUSTOMER_TOKENS)
    if not customer and _mentions(folded, tokens, _PARTNER, _PARTNER_TOKENS):
        return Kind.OTHER
    tenant = max(folded.rfind(part) for part in _TENANT)
    other = _find_other(folded, tokens)
    if tenant >= 0:
        return Kind.TENANT if tenant > other else Kind.OTHER
    if other >= 0:
        return Kind.OTHER
    if _mentions(folded, tokens, _MICROSOFT, _MICROSOFT_TOKENS):
        return Kind.TENANT
    return Kind.CUSTOMER if says_id(name) else Kind.UNKNOWN


def is_known_id(name: str) -> bool:
    """Return True where the name is one of the known names of an id column."""
    return fold_name(name) in ID_WORDS


def says_id(name: str) -> bool:
    """Return True where a name says that its column holds ids."""
    return fold_name(name).endswith(_IDS) or any(token in _IDS for token in split_name(name))


def names_the_id(cell: str) -> bool:
    """Return True where a cell may be the header of the id column, if there are ids below it."""
    # several columns in one cell are those of another delimiter
    if len(split_name(cell)) > _MOST_TOKENS or not says_id(cell) or any(c in ",;|\t" for c in cell):
        return False
    return classify_name(cell) in (Kind.TENANT, Kind.CUSTOMER)


def is_id_header(cell: str, wanted: str | None) -> bool:
    """Return True where a cell names the id column: as the user wants it, else by one of the known words."""
    return fold(cell) == fold(wanted) if wanted else fold(cell) in ID_WORDS


def is_label(cell: str) -> bool:
    """Return True where a cell says what the id beside it is: "Partner tenant", "MPN ID:"."""
    tokens = split_name(cell)
    return bool(tokens) and (cell.rstrip().endswith(":") or all(token in _TITLE_TOKENS for token in tokens))


def _mentions(folded: str, tokens: list[str], parts: tuple[str, ...], whole: frozenset[str]) -> bool:
    return any(part in folded for part in parts) or any(_without_id(token) in whole for token in tokens)


def _find_other(folded: str, tokens: list[str]) -> int:
    """Return where the name last says that the id is something else's; -1 where it does not."""
    parts = (folded.rfind(part) for part in _OTHER)
    whole = (folded.rfind(bare) for token in tokens if (bare := _without_id(token)) in _OTHER_TOKENS)
    return max([*parts, *whole])


def _without_id(token: str) -> str:
    """Return `order` for `orderid`."""
    for ending in ("guid", "uuid", "ids", "id"):
        if len(token) > len(ending) and token.endswith(ending):
            return token.removesuffix(ending)
    return token
