"""The pages that a person, or a headless browser, sees while signing in. Rule: plain forms; every value is escaped."""

from collections.abc import Mapping
from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>This sign-in service is simulated.</p>
{body}
</body></html>
"""


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), body=body)


def _hidden(fields: Mapping[str, str]) -> str:
    inputs = (f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())
    return "\n".join(inputs)


def sign_in(fields: Mapping[str, str], user_name: str) -> str:
    """Asks for the account; `fields` are the parameters of the authorization request, sent along with the form."""
    return _page(
        "Sign in",
        f"""<form method="post">
{_hidden(fields)}
<label>Account <input name="simulated_account" id="account" value="{escape(user_name)}"></label>
<button type="submit" name="simulated_choice" id="accept" value="accept">Sign in</button>
<button type="submit" name="simulated_choice" id="cancel" value="cancel">Cancel</button>
</form>""",
    )


def post_back(redirect_uri: str, fields: Mapping[str, str]) -> str:
    """Posts the answer to the application, by script where the browser has one, else by a button."""
    return _page(
        "Working",
        f"""<form method="post" id="answer" action="{escape(redirect_uri)}">
{_hidden(fields)}
<button type="submit" id="continue">Continue</button>
</form>
<script>document.getElementById("answer").submit();</script>""",
    )


def enter_code(note: str = "") -> str:
    """Asks for the code that a device shows."""
    return _page(
        "Enter code",
        f"""<p id="note">{escape(note)}</p>
<form method="post">
<label>Code <input name="user_code" id="code" autocomplete="off"></label>
<button type="submit" name="choice" id="accept" value="accept">Approve</button>
<button type="submit" name="choice" id="cancel" value="cancel">Decline</button>
</form>""",
    )


def message(title: str, text: str) -> str:
    """A page that only tells something."""
    return _page(title, f"<p>{escape(text)}</p>")
