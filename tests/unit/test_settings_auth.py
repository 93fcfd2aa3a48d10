"""Ways to log in: what settings say of them, what is read, and when."""

from pathlib import Path

import pytest

from clouds.issued import INSTANCE_METADATA
from ims_catalog.compose import sources
from ims_catalog.configuration import ConfigurationError, load_settings
from indexer.sources.credential import AccessKey, Agency, InstanceKeys, Password, ReadyToken, Unreadable

SOURCE = """
[[sources]]
name = "prod"
regions = ["cn-north-4"]
[sources.auth]
"""
PASSWORD = 'kind = "password"\nuser = "crawler"\ndomain = "account"\npassword_env = "CRAWLER_PASSWORD"\n'
AGENCY = 'kind = "agency"\ndomain = "theirs"\nagency = "list-images"\n[sources.auth.base]\n'


def written(folder: Path, auth: str) -> Path:
    path = folder / "ims-catalog.toml"
    path.write_text(SOURCE + auth, "utf-8")
    return path


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("CRAWLER_PASSWORD", "пароль hush"),
        ("HUAWEICLOUD_SDK_AK", "hush-access"),
        ("HUAWEICLOUD_SDK_SK", "hush-secret"),
        ("OS_TOKEN", "hush-token"),
    ):
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("auth", "kind", "base"),
    [
        pytest.param('kind = "aksk"\n', AccessKey, None, id="aksk"),
        pytest.param('kind = "token"\n', ReadyToken, None, id="token"),
        pytest.param(PASSWORD, Password, None, id="password"),
        pytest.param('kind = "ecs-metadata"\n', InstanceKeys, None, id="instance"),
        pytest.param(AGENCY + 'kind = "aksk"\n', Agency, AccessKey, id="agency by aksk"),
        pytest.param(AGENCY + PASSWORD, Agency, Password, id="agency by password"),
        pytest.param(AGENCY + 'kind = "ecs-metadata"\n', Agency, InstanceKeys, id="agency by instance"),
        pytest.param(AGENCY + 'kind = "token"\n', Agency, ReadyToken, id="agency by token"),
    ],
)
def test_each_way_to_log_in_can_be_set(tmp_path: Path, auth: str, kind: type, base: type | None) -> None:
    (source,) = sources(load_settings(written(tmp_path, auth)))
    assert type(source.credential) is kind
    assert base is None or (isinstance(source.credential, Agency) and type(source.credential.base) is base)
    assert "hush" not in repr(source)
    assert source.reread is not None
    assert source.reread() == source.credential


def test_a_password_may_be_of_any_script(tmp_path: Path) -> None:
    (source,) = sources(load_settings(written(tmp_path, PASSWORD)))
    assert isinstance(source.credential, Password)
    assert source.credential.password.get_secret_value() == "пароль hush"


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        pytest.param(
            'kind = "password"\nuser = "a"\ndomain = "b"\n', ["auth", "password_env"], id="no password"
        ),
        pytest.param('kind = "password"\npassword_env = "X"\n', ["user", "must be set"], id="nobody"),
        pytest.param('kind = "agency"\ndomain = "a"\nagency = "b"\n', ["base", "must be set"], id="no base"),
        pytest.param(AGENCY + 'kind = "agency"\n', ["base", "ecs-metadata"], id="an agency by an agency"),
        pytest.param(AGENCY + 'kind = "none"\n', ["base", "ecs-metadata"], id="an agency for everyone"),
        pytest.param(
            'kind = "ecs-metadata"\naddress = "http://10.0.0.1"\n', ["no such setting"], id="another address"
        ),
        pytest.param('kind = "ecs-metadata"\npassword = "hush"\n', ["no such setting"], id="a secret itself"),
    ],
)
def test_what_cannot_be_a_login_is_named(tmp_path: Path, auth: str, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(written(tmp_path, auth))
    for word in words:
        assert word in str(raised.value)
    assert "hush" not in str(raised.value)


def test_the_address_of_an_instance_is_fixed(tmp_path: Path) -> None:
    (source,) = sources(load_settings(written(tmp_path, 'kind = "ecs-metadata"\n')))
    assert source.credential == InstanceKeys("http://169.254.169.254") == InstanceKeys(INSTANCE_METADATA)


def test_a_secret_is_read_again_each_time(tmp_path: Path) -> None:
    file = tmp_path / "password"
    auth = PASSWORD.replace('password_env = "CRAWLER_PASSWORD"', f'password_file = "{file}"')
    file.write_text("first\n")
    settings = load_settings(written(tmp_path, auth))
    (source,) = sources(settings)
    assert source.reread is not None
    file.write_text("second\n")
    again = source.reread()
    assert isinstance(again, Password)
    assert again.password.get_secret_value() == "second"
    assert sources(settings)[0].credential == again != source.credential
    file.unlink()
    with pytest.raises(Unreadable, match=r'password of source "prod": the file .* cannot be read'):
        source.reread()
