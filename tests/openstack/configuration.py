"""The configuration of the two services.

Source: the sample configurations of Keystone and Glance, and what their traps are on one machine: the
middleware in front of Glance looks for an internal identity endpoint unless told otherwise, and remembers a
token for minutes, so that a revoked one would go on working.
"""

from dataclasses import dataclass
from pathlib import Path

PASSWORD = "of-the-tests-only"
"""Of the administrator and of Glance's own user; both live on loopback, for the length of a test run."""

PLACEHOLDER = "http://127.0.0.1:1"
"""Stands for the address of Keystone in what is prepared; a server that starts puts its own in its place."""

LARGEST_PAGE = 6
"""Glance shortens longer pages and says nothing: a page of its own length is not the end."""

KEYSTONE = """\
[DEFAULT]
log_file =
[database]
connection = sqlite:///{folder}/keystone.db
[token]
provider = fernet
expiration = 3600
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[oslo_policy]
enforce_scope = true
"""

GLANCE = """\
[DEFAULT]
enabled_backends = files:file
limit_param_default = 25
api_limit_max = {largest_page}
image_property_quota = 256
[database]
connection = sqlite:///{folder}/glance.db
[image_format]
disk_formats = ami,ari,aki,vhd,vhdx,vmdk,raw,qcow2,vdi,ploop,iso,zvhd,zvhd2
require_image_format_match = false
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = {folder}/images
[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/tasks
[keystone_authtoken]
www_authenticate_uri = {keystone}/v3
auth_url = {keystone}/v3
auth_type = password
interface = public
username = admin
password = {password}
project_name = admin
user_domain_id = default
project_domain_id = default
token_cache_time = 1
[paste_deploy]
flavor = keystone
config_file = {paste}
"""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the two services answer, without a slash at the end."""

    keystone: str
    glance: str


def configure(folder: Path, environment: Path, keystone: str) -> None:
    """Write both configurations into a folder, and make the folders that they name."""
    for part in ("fernet", "credential", "images", "staging", "tasks"):
        (folder / part).mkdir(mode=0o700, exist_ok=True)
    for name in ("keystone", "glance"):
        (folder / f"gunicorn-{name}.py").write_text(f'wsgi_app = "{name}.wsgi.api:application"\n')
    (folder / "keystone.conf").write_text(KEYSTONE.format(folder=folder))
    paste = environment / "etc" / "glance" / "glance-api-paste.ini"
    (folder / "glance-api.conf").write_text(
        GLANCE.format(
            folder=folder, keystone=keystone, password=PASSWORD, paste=paste, largest_page=LARGEST_PAGE
        )
    )
