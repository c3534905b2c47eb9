"""Tests of `auditor.customers.header_words`: the headers of the portal's languages, and of Microsoft's files."""

import pytest
from list_support import ONE, TENANTS, example, ids_in, open_list

from auditor.customers import Columns
from auditor.customers.header_words import ID_WORDS, ROLE_WORDS, Kind, classify_name, fold, is_label

HEADERS = {
    "de": ("Microsoft-ID", "Firmenname", "Primärer Domänenname"),
    "de, tenant": ("Mandanten-ID", "Kunde", "Domäne"),
    "fr": ("ID Microsoft", "Nom de la société", "Nom de domaine principal"),
    "fr, tenant": ("ID du locataire", "Nom du client", "Domaine principal"),
    "fr, customer": ("ID du client", "Client", "Domaine"),
    "es": ("Id. de Microsoft", "Nombre de la compañía", "Nombre de dominio principal"),
    "es, tenant": ("Id. de inquilino", "Empresa", "Dominio"),
    "it": ("ID Microsoft", "Nome società", "Nome di dominio primario"),
    "nl": ("Microsoft-id", "Bedrijfsnaam", "Primaire domeinnaam"),
    "pt": ("ID da Microsoft", "Nome da empresa", "Nome de domínio primário"),
    "pt, tenant": ("ID do locatário", "Cliente", "Domínio"),
    "pl": ("Identyfikator Microsoft", "Nazwa firmy", "Podstawowa nazwa domeny"),
    "pl, tenant": ("Identyfikator dzierżawy", "Nazwa klienta", "Domena"),
    "cs": ("ID Microsoftu", "Název společnosti", "Primární název domény"),
    "sv": ("Microsoft-ID", "Företagsnamn", "Primärt domännamn"),
    "da": ("Microsoft-id", "Firmanavn", "Primært domænenavn"),
    "nb": ("Microsoft-ID", "Firmanavn", "Primært domenenavn"),
    "fi": ("Microsoft-tunnus", "Yrityksen nimi", "Ensisijainen toimialuenimi"),
    "ja": ("Microsoft ID", "会社名", "プライマリ ドメイン名"),
    "ja, tenant": ("テナント ID", "顧客名", "ドメイン"),
    "zh-Hans": ("租户 ID", "公司名称", "主域名"),
    "zh-Hant": ("租用戶識別碼", "公司名稱", "主要網域名稱"),
    "ko": ("테넌트 ID", "회사 이름", "주 도메인 이름"),
    "ru": ("ИД Майкрософт", "Название компании", "Имя основного домена"),
    "ru, customer": ("Идентификатор клиента", "Клиент", "Домен"),
    "tr": ("Microsoft Kimliği", "Şirket adı", "Birincil etki alanı adı"),
    "tr, tenant": ("Kiracı Kimliği", "Müşteri adı", "Etki alanı adı"),
    "invoice reconciliation": ("CustomerId", "CustomerName", "CustomerDomainName"),
    "license reconciliation": ("CustomerId", "CustomerName", "DomainName"),
    "usage": ("CustomerId", "CustomerCompanyName", "PrimaryDomain"),
    "end customer": ("EndCustomerId", "EndCustomerName", "PrimaryDomainName"),
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("spelling", [str, str.upper, str.lower])
def test_headers_of_a_language(headers: tuple[str, str, str], spelling: type[str]) -> None:
    """Id, company and domain are found by their names, whatever their case."""
    spelled = [spelling(header) for header in headers]
    found = open_list(f"X,{','.join(spelled)}\n1,{ONE},Amber,amber.example\n".encode())
    assert found.columns == Columns(spelled[0], spelled[1], spelled[2])
    assert found.warnings == []


def test_examples() -> None:
    """F9 and F10: the portal's exports and a reconciliation file, which has many rows a customer."""
    for name in ("F9__loc_de", "F9__loc_fr"):
        found = open_list(example(name))
        assert found.columns.company is not None
        assert found.columns.domain is not None
        assert ids_in(list(found)) == [*TENANTS]
    found = open_list(example("F10"))
    assert found.columns == Columns("CustomerId", "CustomerName", "CustomerDomainName")
    assert set(ids_in(list(found))) == {*TENANTS}


def test_accents_do_not_matter() -> None:
    """A header without its accents is the same header."""
    assert fold("Nom de la société") == fold("NOM DE LA SOCIETE")
    assert fold("Główna domena") == fold("Glowna domena")
    assert fold("KİRACI KİMLİĞİ") == fold("kiracı kimliği")


def test_no_word_stands_for_two_roles() -> None:
    """Each word names one role."""
    seen = [word for words in ROLE_WORDS.values() for group in words for word in group] + [*ID_WORDS]
    assert len(seen) == len(set(seen))


def test_missing_company_column_is_a_warning() -> None:
    """F9: the warning has the option, if some column may hold the names."""
    found = open_list(f"Tenant ID,Betrieb,Seats\n{ONE},Amber,3\n".encode())
    assert found.columns.company is None
    assert '"Betrieb"' in found.warnings[0]
    assert "--company-column" in found.warnings[0]
    assert open_list(f"Tenant ID,Seats\n{ONE},3\n".encode()).warnings == []
    assert open_list(f"{ONE}\n".encode()).warnings == []


def test_two_company_columns_are_a_warning() -> None:
    """F8: none of them is taken, the list is read, and the warning says how to choose."""
    found = open_list(example("F8"))
    assert found.columns == Columns("Tenant ID", owner="Owner")
    assert '--company-column "Customer"' in found.warnings[0]
    assert ids_in(list(found)) == [*TENANTS]
    found = open_list(example("F8"), Columns(company="Company"))
    assert (found.columns.company, found.warnings) == ("Company", [])


def test_control_characters_are_escaped() -> None:
    """F16: control characters in a header are escaped in a warning."""
    [said] = open_list(example("F16")).warnings
    assert said.isprintable()
    assert r"Na\x1b[31mme" in said


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Home Tenant ID", Kind.TENANT),
        ("Tenant", Kind.TENANT),
        ("Distributor customer ID", Kind.CUSTOMER),
        ("Partner Center ID", Kind.TENANT),
        ("Microsoft Partner ID", Kind.OTHER),
        ("Microsoft customer agreement", Kind.OTHER),
        ("Kennzeichen", Kind.UNKNOWN),
        ("Border", Kind.UNKNOWN),
        ("Zentrale", Kind.UNKNOWN),
    ],
)
def test_classify_name(name: str, kind: Kind) -> None:
    """Whole words and typical parts of words decide whose ids they are."""
    assert classify_name(name) is kind


def test_is_label() -> None:
    """A label beside an id in a title consists of words for it, or ends in a colon; a company's name does not."""
    assert all(map(is_label, ["Partner tenant ID", "MPN ID:", "Our tenant", "Contoso:"]))
    assert not any(map(is_label, ["Partner Solutions", "Amber", ""]))
