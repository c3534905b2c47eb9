"""Signing in through MSAL. Rule: it gets our HTTP client, and nothing of what it says leaves here unread.

MSAL's own client would follow a redirect and post the refresh token to another host, waits without limit, and lets
REQUESTS_CA_BUNDLE override the certificate authorities it was given; MSAL does network I/O even in its constructor.

===============  ==========================================================================
`registration`   as what to sign in: the app registration, its secret or certificate
`http`           what MSAL talks through
`service`        MSAL itself: built, asked with patience, its replies read
`interactive`    a person signs in: browser or device code
`loopback`       where the browser brings the answer
`refresh_token`  a refresh token that the operator gave, and where its successor goes
`kept`           what a token store holds
`unattended`     tokens for a run, with nobody there
===============  ==========================================================================

Source: "Partner Center authentication" (App+User tokens only; the secure application model).
"""
