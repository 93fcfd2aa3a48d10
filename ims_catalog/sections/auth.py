"""`[sources.auth]`: how requests to a cloud prove who they are."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ims_catalog.sections.section import Section


class AccessKeyAuth(Section):
    """Requests signed with an access key."""

    kind: Literal["aksk"] = Field(description="Sign every request with an access key and its secret.")
    access_key_env: str = Field(
        default="HUAWEICLOUD_SDK_AK", description="Environment variable with the access key."
    )
    access_key_file: Path | None = Field(
        default=None, description="File with the access key; used instead of the environment variable."
    )
    secret_key_env: str = Field(
        default="HUAWEICLOUD_SDK_SK", description="Environment variable with the secret key."
    )
    secret_key_file: Path | None = Field(
        default=None, description="File with the secret key; used instead of the environment variable."
    )
    security_token_env: str | None = Field(
        default=None, description="Environment variable with the security token of temporary keys."
    )
    security_token_file: Path | None = Field(
        default=None, description="File with the security token of temporary keys."
    )


class TokenAuth(Section):
    """A token that somebody else fetched."""

    kind: Literal["token"] = Field(description="Send a ready-made token with every request.")
    token_env: str = Field(default="OS_TOKEN", description="Environment variable with the token.")
    token_file: Path | None = Field(
        default=None, description="File with the token; used instead of the environment variable."
    )


class PasswordAuth(Section):
    """A user who logs in."""

    kind: Literal["password"] = Field(
        description="Get a token for each project by user and password; it is renewed in time."
    )
    user: str = Field(min_length=1, description="Name of the user.")
    domain: str = Field(min_length=1, description="Name of the account that the user belongs to.")
    password_env: str | None = Field(default=None, description="Environment variable with the password.")
    password_file: Path | None = Field(
        default=None, description="File with the password; used instead of the environment variable."
    )

    @model_validator(mode="after")
    def _has_a_password(self) -> "PasswordAuth":
        if self.password_env is None and self.password_file is None:
            raise ValueError("password_env or password_file is needed")
        return self


class ApplicationCredentialAuth(Section):
    """What a user of an OpenStack cloud made for a program."""

    kind: Literal["application_credential"] = Field(
        description='Get a token by an application credential, which opens one project; for kind = "glance".'
    )
    id: str = Field(min_length=1, description="Id of the application credential.")
    secret_env: str = Field(
        default="OS_APPLICATION_CREDENTIAL_SECRET", description="Environment variable with its secret."
    )
    secret_file: Path | None = Field(
        default=None, description="File with its secret; used instead of the environment variable."
    )


class InstanceAuth(Section):
    """The keys of the instance that this runs on."""

    kind: Literal["ecs-metadata"] = Field(
        description="Sign with the temporary keys of the agency given to the ECS instance that this runs on;"
        " there is nothing else to set."
    )


BaseAuth = Annotated[AccessKeyAuth | PasswordAuth | InstanceAuth | TokenAuth, Field(discriminator="kind")]


class AgencyAuth(Section):
    """An agency in another account."""

    kind: Literal["agency"] = Field(
        description="Sign with temporary keys of an agency that another account gave to this one."
    )
    domain: str = Field(min_length=1, description="Name of the account that gave the agency.")
    agency: str = Field(min_length=1, description="Name of the agency.")
    base: BaseAuth = Field(
        description="`[sources.auth.base]`: how the account that may assume the agency proves itself; any"
        " other kind but `none`."
    )


class NoAuth(Section):
    """No credential at all."""

    kind: Literal["none"] = Field(description="Send no credential: for a cloud that asks for none.")


Auth = Annotated[
    AccessKeyAuth | PasswordAuth | ApplicationCredentialAuth | AgencyAuth | InstanceAuth | TokenAuth | NoAuth,
    Field(discriminator="kind"),
]
