"""Settings: what is read, what is refused, and in which words."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from ims_catalog.compose import sources
from ims_catalog.configuration import ConfigurationError, load_settings, names_a_file
from ims_catalog.duration import seconds
from ims_catalog.secrets import read_secret
from ims_catalog.sections.auth import AccessKeyAuth, AgencyAuth
from ims_catalog.settings_reference import SECTIONS
from indexer.sources.credential import ApplicationCredential, Password, ReadyToken

SOURCE = """
[[sources]]
name = "prod"
regions = ["cn-north-4"]
auth = { kind = "aksk" }
"""
KEYSTONE_USER = ', user = "u", domain = "Default", password_env = "P"'
GLANCE = f"""
[[sources]]
name = "private"
kind = "glance"
cloud = "openstack"
regions = ["home"]
endpoint = "https://glance.example.com"
identity_endpoint = "https://keystone.example.com"
auth = {{ kind = "password"{KEYSTONE_USER} }}
"""
CLUSTER = '[engine]\nkind = "opensearch"\n'
HOST = CLUSTER + 'url = "https://search.example.com:9200"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "ims-catalog.toml"
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(None)
    assert (settings.engine.kind, settings.engine.path) == ("embedded", Path("var/catalog"))
    assert (settings.api.host, settings.api.port, settings.sources) == ("127.0.0.1", 8080, ())


def test_a_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, SOURCE + '[crawl]\nscope_deadline = "1h30m"\n[api]\nport = 9000\n')
    monkeypatch.setenv("IMS_CATALOG_API__PORT", "9001")
    settings = load_settings(path)
    assert settings.api.port == 9001
    assert settings.crawl.scope_deadline == 5400
    assert settings.sources[0].projects == "*"
    auth = settings.sources[0].auth
    assert isinstance(auth, AccessKeyAuth)
    assert auth.secret_key_env == "HUAWEICLOUD_SDK_SK"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("[engine]\nkidn = 1\n", ["engine.kidn", "no such setting"], id="a misspelt setting"),
        pytest.param("[engin]\n", ["engin"], id="a misspelt section"),
        pytest.param("[api]\nport = 99999\n", ["api.port", "65535"], id="a port that is none"),
        pytest.param('[crawl]\nrun_deadline = "soon"\n', ["crawl.run_deadline", '"10m"'], id="no duration"),
        pytest.param('[api]\nhost = "0.0.0.0"\n', ["api.host", "open_to_everyone"], id="open beyond home"),
        pytest.param(SOURCE + SOURCE, ["sources", "name"], id="two sources of one name"),
        pytest.param(SOURCE.replace("aksk", "magic"), ["auth", "aksk"], id="an unknown login"),
        pytest.param(SOURCE.replace('["cn-north-4"]', "[]"), ["regions"], id="no region"),
        pytest.param(
            SOURCE + 'endpoint = "http://ims.example.com"\n',
            ["endpoint", "https", "plain_http"],
            id="plain http",
        ),
        pytest.param(
            SOURCE + 'cloud = "mine"\n', ["mine", "identity_endpoint"], id="a cloud without endpoints"
        ),
        pytest.param(GLANCE.replace('"openstack"', '"otc"'), ["glance", "cloud"], id="no label of a Glance"),
        pytest.param(
            GLANCE.replace(f'"password"{KEYSTONE_USER}', '"aksk"'),
            ["aksk", "application_credential"],
            id="a login that Keystone has not",
        ),
        pytest.param(GLANCE + 'ecs_endpoint = "https://a.test"\n', ["compute_endpoint"], id="an ECS"),
        pytest.param(GLANCE + 'image_types = ["market"]\n', ["image_types", "gold"], id="no market"),
        pytest.param(
            GLANCE + 'compute_endpoint = "http://a.test"\n', ["compute_endpoint", "https"], id="a plain Nova"
        ),
        pytest.param(SOURCE + "hidden = true\n", ["hidden", "ims"], id="hidden images of IMS"),
        pytest.param(
            SOURCE.replace('kind = "aksk"', 'kind = "application_credential", id = "x"'),
            ["application_credential", "glance"],
            id="an application credential for IMS",
        ),
        pytest.param("[engine\n", ["is not TOML"], id="broken TOML"),
        pytest.param('[engine]\nkind = "solr"\n', ["engine.kind", "opensearch"], id="an unknown engine"),
        pytest.param('[engine]\nkind = "opensearch"\n', ["needs url", "https://"], id="a cluster nowhere"),
        pytest.param('[engine]\nurl = "http://[::1]:9200"\n', ["kind is not"], id="a cluster by the way"),
        pytest.param(CLUSTER + "url = []\n", ["engine.url", "at least one"], id="no host"),
        pytest.param(CLUSTER + 'url = "search.example.com"\n', ["engine.url", "https://"], id="no address"),
        pytest.param(
            CLUSTER + 'url = "https://me:hush@search.example.com"\n',
            ["engine.url", "settings of their own"],
            id="a password in the address",
        ),
        pytest.param(
            CLUSTER + 'url = ["https://a.example.com", "https://a.example.com"]\n',
            ["engine.url", "once"],
            id="a host twice",
        ),
        pytest.param(HOST + 'username = "me"\n', ["username", "password_env"], id="no password"),
        pytest.param(HOST + 'password_env = "X"\n', ["needs username"], id="nobody's password"),
        pytest.param(HOST + 'username = "a:b"\n', ["engine.username"], id="a name that cannot be sent"),
        pytest.param(
            CLUSTER + 'url = "http://127.0.0.1:9200"\nca_file = "ca.pem"\n',
            ["ca_file", "plain http"],
            id="an authority for nothing",
        ),
        pytest.param(
            CLUSTER + 'url = ["https://a.test", "http://b.test"]\nusername = "me"\npassword_env = "X"\n',
            ["http://b.test", "unprotected", "plain_http"],
            id="a password over plain http",
        ),
        pytest.param(HOST + "shards = 0\n", ["engine.shards"], id="no shard"),
        pytest.param(HOST + "replicas = -1\n", ["engine.replicas"], id="fewer copies than none"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(written(tmp_path, text))
    for word in words:
        assert word in str(raised.value)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HOST, id="https"),
        pytest.param(CLUSTER + 'url = "http://search.example.com"\n', id="plain http without a password"),
        pytest.param(
            CLUSTER + 'url = "http://localhost:9200"\nusername = "me"\npassword_env = "X"\n',
            id="a password that stays on this machine",
        ),
        pytest.param(
            CLUSTER
            + 'url = "http://b.example.com"\nusername = "me"\npassword_env = "X"\nplain_http = true\n',
            id="a password over plain http that was asked for",
        ),
        pytest.param(
            '[engine]\nkind = "embedded"\nurl = "https://a.example.com"\n', id="a cluster left aside"
        ),
    ],
)
def test_where_a_cluster_may_be(tmp_path: Path, text: str) -> None:
    assert len(load_settings(written(tmp_path, text)).engine.urls) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://127.0.0.1:9200", ("http://127.0.0.1:9200",)),
        ('["https://a:9200", "https://b:9200"]', ("https://a:9200", "https://b:9200")),
    ],
    ids=["one host", "several"],
)
def test_the_environment_names_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("IMS_CATALOG_ENGINE__KIND", "opensearch")
    monkeypatch.setenv("IMS_CATALOG_ENGINE__URL", value)
    engine = load_settings(written(tmp_path, "")).engine
    assert (engine.kind, engine.urls) == ("opensearch", expected)


def test_files_are_beside_the_file_that_names_them(tmp_path: Path) -> None:
    text = HOST + 'ca_file = "ca.pem"\nusername = "me"\npassword_file = "/run/password"\n'
    settings = load_settings(written(tmp_path, text + '[api]\ncursor_key_file = "keys/cursor"\n'))
    assert settings.engine.ca_file == tmp_path / "ca.pem"
    assert settings.engine.password_file == Path("/run/password")
    assert settings.api.cursor_key_file == tmp_path / "keys/cursor"


@pytest.mark.parametrize(
    ("auth", "kept"),
    [
        pytest.param(
            'kind = "aksk", access_key_file = "a", secret_key_file = "k/s", security_token_file = "/run/t"',
            {"access_key_file": "a", "secret_key_file": "k/s", "security_token_file": "/run/t"},
            id="aksk",
        ),
        pytest.param('kind = "token", token_file = "t"', {"token_file": "t"}, id="token"),
        pytest.param(
            'kind = "password", user = "u", domain = "d", password_file = "p"',
            {"password_file": "p"},
            id="password",
        ),
    ],
)
@pytest.mark.parametrize("by_agency", [False, True], ids=["itself", "by an agency"])
def test_files_of_a_login_are_beside_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, auth: str, kept: dict[str, str], *, by_agency: bool
) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    given = f'kind = "agency", domain = "d", agency = "a", base = {{ {auth} }}' if by_agency else auth
    (source,) = load_settings(written(folder, SOURCE.replace('kind = "aksk"', given))).sources
    found = source.auth.base if isinstance(source.auth, AgencyAuth) else source.auth
    for name, file in kept.items():
        assert getattr(found, name) == folder / file


def test_a_secret_is_read_beside_the_settings_whatever_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "token").write_text("hush\n")
    path = written(tmp_path / "etc", SOURCE.replace('"aksk"', '"token", token_file = "token"'))
    for folder, file in ((tmp_path, Path("etc/ims-catalog.toml")), (tmp_path / "etc", path)):
        monkeypatch.chdir(folder)
        (source,) = sources(load_settings(file))
        assert source.credential == ReadyToken(SecretStr("hush"))


def test_every_file_is_known_by_its_name() -> None:
    for title, section in SECTIONS:
        for name, field in section.model_fields.items():
            assert names_a_file(name) == (
                "pathlib.Path" in str(field.annotation) or field.annotation is Path
            ), f"{title} {name}"


def test_a_path_is_beside_the_file_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(written(tmp_path, "")).engine.path == tmp_path / "var/catalog"
    assert load_settings(written(tmp_path, '[engine]\npath = "c"\n')).engine.path == tmp_path / "c"
    assert load_settings(written(tmp_path, '[engine]\npath = "/srv/c"\n')).engine.path == Path("/srv/c")
    monkeypatch.setenv("IMS_CATALOG_ENGINE__PATH", "mine")
    assert load_settings(written(tmp_path, "")).engine.path == Path("mine")


def test_a_source_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(written(tmp_path, SOURCE.replace("regions", "regoins") + "projects = 1\n"))
    said = str(raised.value)
    assert "sources[1].regions: must be set" in said
    assert "sources[1].regoins: there is no such setting" in said
    assert "function-after" not in said


def test_the_command_line_wins_over_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_CATALOG_API__PORT", "9001")
    path = written(tmp_path, "[api]\nport = 9000\nworkers = 3\n")
    api = load_settings(path, {"api": {"port": 9002, "workers": None}}).api
    assert (api.host, api.port, api.workers) == ("127.0.0.1", 9002, 3)
    with pytest.raises(ConfigurationError, match="open_to_everyone"):
        load_settings(path, {"api": {"host": "0.0.0.0"}})
    with pytest.raises(ConfigurationError, match=r"api\.port"):
        load_settings(path, {"api": {"port": -1}})


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file"):
        load_settings(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMS_CATALOG_ENGIN__PATH", "x"),
        ("IMS_CATALOG_API__PROT", "1"),
        ("IMS_CATALOG_API", "not json"),
        ("IMS_CATALOG_SOURCES", "[]"),
    ],
)
def test_a_misspelt_variable_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError):
        load_settings(written(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30), ("10m", 600), ("1h30m", 5400), ("250ms", 0.25), ("2d", 172800), (5, 5)],
)
def test_durations(text: object, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "10", "m", "-5s", "10 m", "0s", True, None, -1, 0, float("inf"), float("nan")]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(text)


class TestSecrets:
    def test_a_file_goes_before_the_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_KEY", "from the variable")
        file = tmp_path / "key"
        file.write_text("from-the-file\n")
        assert read_secret("A_KEY", file, "key").get_secret_value() == "from-the-file"
        assert read_secret("A_KEY", None, "key").get_secret_value() == "from the variable"

    def test_a_secret_does_not_print(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_KEY", "hush-hush")
        secret = read_secret("A_KEY", None, "key")
        assert "hush" not in f"{secret} {secret!r}"

    def test_a_missing_one_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("A_KEY", raising=False)
        with pytest.raises(ConfigurationError, match="secret key: the environment variable A_KEY is empty"):
            read_secret("A_KEY", None, "secret key")

    def test_one_that_people_choose_may_be_of_any_script(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_KEY", "pässwörd 密码")
        secret = read_secret("A_KEY", None, "password", any_script=True)
        assert secret.get_secret_value() == "pässwörd 密码"
        with pytest.raises(ConfigurationError, match="characters that no credential has"):
            read_secret("A_KEY", None, "key")
        for unprintable in ("pass\x07word", "pass\u2028word", "pass\udcffword"):
            monkeypatch.setenv("A_KEY", unprintable)
            with pytest.raises(ConfigurationError, match="characters that no credential has"):
                read_secret("A_KEY", None, "password", any_script=True)

    def test_an_unreadable_one_is_named_without_its_content(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("A_KEY", "hush\x07hush")
        with pytest.raises(ConfigurationError) as raised:
            read_secret("A_KEY", None, "key")
        assert "hush" not in str(raised.value)
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read_secret(None, tmp_path, "key")


def test_a_glance_is_a_source_with_what_it_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P", "hush")
    more = 'community = true\nhidden = true\nall_projects = true\ncompute_endpoint = "https://nova.example.com"\n'
    (source,) = sources(load_settings(written(tmp_path, GLANCE + more)))
    assert (source.kind, source.hidden, source.community, source.all_projects) == ("glance", True, True, True)
    assert source.ecs_endpoint == "https://nova.example.com"
    assert source.image_types == ("gold", "private", "shared", "market")
    assert source.credential == Password("u", "Default", SecretStr("hush"), unscoped=True)
    (plain,) = sources(load_settings(written(tmp_path, GLANCE)))
    assert plain.image_types == ("gold", "private", "shared")
    assert plain.ecs_endpoint is None


def test_an_application_credential_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("one")
    login = f'kind = "application_credential", id = "a1", secret_file = "{tmp_path}/secret"'
    text = GLANCE.replace(f'kind = "password"{KEYSTONE_USER}', login)
    (source,) = sources(load_settings(written(tmp_path, text)))
    assert source.credential == ApplicationCredential("a1", SecretStr("one"))
    (tmp_path / "secret").write_text("two")
    assert source.reread is not None
    assert source.reread() == ApplicationCredential("a1", SecretStr("two"))
