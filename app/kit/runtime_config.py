"""What the kit needs of the configuration, given to it once when a process starts."""

from datetime import timedelta
from typing import TYPE_CHECKING

from app.kit import outgoing, secrets, signing
from app.kit.files.stores import FileStore, LocalStore, S3Store, use_store
from app.kit.security import auth_functions

if TYPE_CHECKING:
    from config import Config


def wire(config: "Config") -> None:
    """Set keys, store and allowed networks of this process."""
    secrets.use_keys(config.encryption_keys)
    signing.use_keys((config.secret_key, *config.secret_key_fallbacks))
    outgoing.allow_networks(("0.0.0.0/0", "::/0") if config.allow_private_addresses else ())
    use_store(_store(config))
    auth_functions.use_lives(_lives(config))


def _lives(config: "Config") -> auth_functions.Lives:
    return auth_functions.Lives(
        idle=(timedelta(hours=config.session_idle_hours), timedelta(days=config.stays_idle_days)),
        oldest=(timedelta(days=config.session_days), timedelta(days=config.stays_days)),
        key_idle=timedelta(days=config.api_key_idle_days) if config.api_key_idle_days else None,
    )


def _store(config: "Config") -> FileStore:
    """Return the bucket where one is named, else a folder below `instance`."""
    if config.s3_bucket is None:
        return LocalStore(config.instance / "files")
    return S3Store(
        config.s3_bucket,
        endpoint_url=config.s3_endpoint_url,
        region=config.s3_region,
        access_key_id=config.s3_access_key_id,
        secret_access_key=config.s3_secret_access_key,
    )
