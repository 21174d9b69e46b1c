"""Verifies the bearer tokens of an issuer: signature, issuer, audience and time."""

import json
import logging
import ssl
import time
from pathlib import Path

import jwt

# Neither `none` nor a secret that both sides know: a public key is no secret.
ALGORITHMS = ["RS256", "ES256"]
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
# Clocks of two machines differ.
LEEWAY_SECONDS = 10
KEYS_LIVE_SECONDS = 300
# A token may name any key: an issuer is asked for keys no more often than this, whatever comes.
ASKED_AGAIN_SECONDS = 10
TIMEOUT_SECONDS = 3

logger = logging.getLogger(__name__)


class Refused(Exception):
    """The token is not believed; the message says why."""


class Unanswered(Exception):
    """Nobody can tell yet: the issuer gave no keys so far."""


class IssuerKeys(jwt.PyJWKClient):
    """Public keys of an issuer, which stay good while it doesn't answer.

    PyJWKClient forgets them after their time, and asks for each unknown key until it gets an
    answer.

    :param uri: where the issuer publishes its keys
    :param ca_file: certificate of who signed that server's, where it isn't a public authority
    :param token_file: token that the server asks for
    """

    def __init__(self, uri, ca_file=None, token_file=None):
        super().__init__(
            uri,
            lifespan=KEYS_LIVE_SECONDS,
            cooldown_duration=ASKED_AGAIN_SECONDS,
            timeout=TIMEOUT_SECONDS,
            ssl_context=ssl.create_default_context(cafile=ca_file) if ca_file else None,
        )
        self.token_file = token_file
        self.kept = None
        self.asked = None

    def fetch_data(self):
        now = time.monotonic()
        if self.asked is None or now - self.asked >= ASKED_AGAIN_SECONDS:
            self.asked = now
            self._ask()
        if self.kept is None:
            raise Unanswered(f"{self.uri} gave no keys yet")
        return self.kept

    def _ask(self):
        try:
            if self.token_file:
                self.headers = {"Authorization": f"Bearer {read_token(self.token_file)}"}
            answer = super().fetch_data()
            jwt.PyJWKSet.from_dict(answer)
            self.kept = answer
        except (jwt.PyJWTError, OSError, ValueError) as error:
            logger.warning("keys of %s were not read: %s", self.uri, error)


class Issuer:
    """Whose tokens are believed, and for whom they must be meant.

    :param audiences: a token must carry one of them
    :param name: the issuer as tokens spell it; by default, that of the token in `token_file`
    """

    def __init__(self, jwks_uri, audiences, name=None, ca_file=None, token_file=None):
        self.keys = IssuerKeys(jwks_uri, ca_file, token_file)
        self.audiences = audiences
        self.token_file = token_file
        self._name = name

    @property
    def name(self):
        # The cluster's issuer gave the server its own token too.
        return self._name or unverified(read_token(self.token_file))["payload"].get("iss")

    def verify(self, token):
        """The token's claims. Raises `Refused` or `Unanswered`."""
        kid = unverified(token)["header"].get("kid")
        try:
            key = self.keys.get_signing_key(kid)
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self.audiences,
                issuer=self.name,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED},
            )
        except jwt.PyJWTError as error:
            raise Refused(str(error)) from None


def unverified(token):
    """Header and claims as they are written; nothing that they say is proved."""
    try:
        return jwt.decode_complete(token, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise Refused(str(error)) from None


def read_token(file):
    return Path(file).read_text().strip()


def issuer_of(token, issuers):
    """Which of the issuers the token says it is of. Raises `Refused` where it is none of them."""
    said = unverified(token)["payload"].get("iss")
    for issuer in issuers:
        if issuer.name == said:
            return issuer
    raise Refused(f"its issuer is {json.dumps(said)}")
