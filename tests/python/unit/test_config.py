"""The config: read with checks, and rewritten without touching anything but the values."""

import datetime as dt
import difflib
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clv.errors import ClvError
from clv.project.config import read_config
from clv.project.config_rewrite import check_rewritable, rewritten, write_config

CONFIG = """\
# Decided in the meeting of May.

training:
  history_months: 9                  # months of history
  pred_months: 6
run:
  last_score_cutoff: "2021-12-31"    # next cutoff to score
  schedule_model_id: null
  schedule_start:                    # written by the driver
monitoring:
  drift_threshold_rmse: 0.20         # 'twenty percent': "agreed"
  drift_threshold_r2: 0.15
"""
VALUES = (
    st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.none()
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
)
KEYS = st.sampled_from(
    [
        ("training", "history_months"),
        ("run", "last_score_cutoff"),
        ("run", "schedule_model_id"),
        ("run", "schedule_start"),
        ("monitoring", "drift_threshold_rmse"),
        ("monitoring", "drift_threshold_r2"),
    ]
)


def changed_lines(before: str, after: str) -> list[str]:
    return [
        line[2:]
        for line in difflib.ndiff(before.splitlines(True), after.splitlines(True))
        if line.startswith("+ ")
    ]


def read_back(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "model_config.yaml"
    file.write_bytes(CONFIG.encode())
    return file


def test_a_rewrite_changes_the_value_and_no_other_byte(path):
    write_config(path, {("run", "last_score_cutoff"): dt.date(2022, 1, 14)})
    assert path.read_bytes() == CONFIG.replace('"2021-12-31"', '"2022-01-14"').encode()


def test_a_rewrite_of_windows_line_ends_changes_the_value_and_no_other_byte(path):
    windows = CONFIG.replace("\n", "\r\n").encode()
    path.write_bytes(windows)
    write_config(path, {("run", "last_score_cutoff"): dt.date(2022, 1, 14)})
    assert path.read_bytes() == windows.replace(b"2021-12-31", b"2022-01-14")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("run: {last_score_cutoff: 2021-12-31, other: 1}  # flow\n",
         'run: {last_score_cutoff: "2022-01-14", other: 1}  # flow\n'),
        ("run:\n  last_score_cutoff: '2021-12-31' # a 'quoted' comment\n",
         'run:\n  last_score_cutoff: "2022-01-14" # a \'quoted\' comment\n'),
        ("run:\n  last_score_cutoff: 2021-12-31", 'run:\n  last_score_cutoff: "2022-01-14"'),
        ("run:\n  last_score_cutoff:\n", 'run:\n  last_score_cutoff: "2022-01-14"\n'),
        ("run:\n  last_score_cutoff: ~\n", 'run:\n  last_score_cutoff: "2022-01-14"\n'),
        ("\ufeffrun:\n  last_score_cutoff: 2021-12-31\n",
         '\ufeffrun:\n  last_score_cutoff: "2022-01-14"\n'),
    ],
)  # fmt: skip
def test_however_the_value_was_written_only_it_is_replaced(written, expected):
    assert rewritten(written, {("run", "last_score_cutoff"): dt.date(2022, 1, 14)}) == expected


@given(key=KEYS, value=VALUES)
def test_any_value_reads_back_and_leaves_the_other_lines_alone(key, value):
    after = rewritten(CONFIG, {key: value})
    sections = yaml.safe_load(CONFIG)
    sections[key[0]][key[1]] = read_back(value)
    assert yaml.safe_load(after) == sections
    assert len(changed_lines(CONFIG, after)) <= 1
    comments = [line.split("#")[1] for line in CONFIG.splitlines() if "#" in line]
    assert all(comment in after for comment in comments)


@given(first=VALUES, second=VALUES)
def test_the_last_of_two_rewrites_is_all_that_shows(first, second):
    key = ("run", "last_score_cutoff")
    assert rewritten(rewritten(CONFIG, {key: first}), {key: second}) == rewritten(
        CONFIG, {key: second}
    )


@pytest.mark.parametrize(
    "written",
    [
        "run:\n  a: 1  # c\nmonitoring:\n  b: 2\n",
        "run:\n    a: 1\n\n# about monitoring\nmonitoring:\n  b: 2\n",
        "run:\n  a:\n    deep: [1, 2]  # c\n\nmonitoring:\n  b: 2\n",
        "run:  # nothing yet\nmonitoring:\n  b: 2\n",
        "run: null  # nothing yet\nmonitoring:\n  b: 2\n",
        "run: {}\nmonitoring:\n  b: 2\n",
        "run: {a: 1}\nmonitoring:\n  b: 2\n",
        "monitoring:\n  b: 2\nrun:\n  a: 1",
        "monitoring:\n  b: 2\n",
        "monitoring:\n  b: 2",
        "",
        "# only a comment\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_missing_key_or_section_is_added_and_everything_else_stays(written, newline):
    before = written.replace("\n", newline)
    after = rewritten(before, {("run", "schedule_start"): dt.date(2022, 1, 14)})
    expected = yaml.safe_load(before) or {}
    expected["run"] = {**(expected.get("run") or {}), "schedule_start": "2022-01-14"}
    assert yaml.safe_load(after) == expected
    if "\n" in before:
        assert after.count("\n") == after.count(newline)
    characters = iter(after)  # nothing went away: what was there is there, in the same order
    assert all(character in characters for character in before.replace("null", ""))
    assert [line.split("#")[1] for line in before.split(newline) if "#" in line] == [
        line.split("#")[1] for line in after.split(newline) if "#" in line
    ]


def test_two_new_keys_of_one_section_both_arrive():
    after = rewritten("run:\n  a: 1\n", {("run", "b"): 2, ("run", "c"): "x"})
    assert after == 'run:\n  a: 1\n  b: 2\n  c: "x"\n'


def test_reading_gives_typed_values_and_defaults(path):
    config = read_config(path)
    assert (config.training.history_months, config.training.pred_months) == (9, 6)
    assert config.run.last_score_cutoff == dt.date(2021, 12, 31)
    assert (config.run.schedule_model_id, config.run.schedule_start) == (None, None)
    assert (
        config.clusters.min_clusters,
        config.clusters.max_clusters,
        config.clusters.smallest_share,
    ) == (3, 8, 0.02)


@pytest.mark.parametrize("written", ["2021-12-31", "'2021-12-31'", '"2021-12-31"'])
def test_a_date_reads_the_same_with_and_without_quotes(path, written):
    path.write_text(CONFIG.replace('"2021-12-31"', written))
    assert read_config(path).run.last_score_cutoff == dt.date(2021, 12, 31)


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ("history_months: 9 ", "history_months: nine ", "training.history_months"),
        ("history_months: 9 ", "history_months: 0 ", "training.history_months"),
        ("history_months: 9 ", "history_months: 9.5 ", "training.history_months"),
        ("history_months: 9 ", "history_months: true ", "training.history_months"),
        ("history_months: 9 ", "", "training.history_months"),
        ("pred_months: 6", "pred_months: -6", "training.pred_months"),
        ('"2021-12-31"', '"2021-02-30"', "run.last_score_cutoff"),
        ('"2021-12-31"', "2021-02-30", "2021-02-30|month"),
        ('"2021-12-31"', "soon", "run.last_score_cutoff"),
        ("training:\n", "training: 3\nother:\n", "training"),
        ("run:\n", "run: [\n", "not valid YAML"),
        ("monitoring:\n", "clusters: {smallest_share: 0.7}\nmonitoring:\n", "smallest_share"),
        ("monitoring:\n", "clusters: {smallest_share: .nan}\nmonitoring:\n", "smallest_share"),
        ("monitoring:\n", "clusters: {min_clusters: 5, max_clusters: 4}\nmonitoring:\n",
         "min_clusters"),
        ("monitoring:\n", "clusters: {min_clusters: 1}\nmonitoring:\n", "min_clusters"),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_clear_message_that_names_it(path, good, bad, named):
    assert good in CONFIG
    path.write_text(CONFIG.replace(good, bad, 1))
    with pytest.raises(ClvError, match=named) as refusal:
        read_config(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"just text", b"- a\n- b\n", "run: ü".encode("latin-1")])
def test_a_file_that_is_no_config_is_one_clear_message(path, content):
    path.write_bytes(content)
    with pytest.raises(ClvError, match=r"model_config\.yaml"):
        read_config(path)


def test_a_missing_file_is_one_clear_message(tmp_path):
    with pytest.raises(ClvError, match=r"is missing\. Restore it.*to go on with defaults"):
        read_config(tmp_path / "model_config.yaml")
    with pytest.raises(ClvError, match="is missing"):
        write_config(tmp_path / "model_config.yaml", {("run", "a"): 1})


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (
            "pred_months: 6",
            "pred_monthz: 6",
            "training.pred_monthz is a key that nobody reads",
        ),
        (
            "drift_threshold_r2:",
            "drift_treshold_r2:",
            "monitoring.drift_threshold_r2 is missing; it takes",
        ),
        ("schedule_start:", "schedule_begin:", "run.schedule_begin is a key that nobody reads"),
    ],
)
def test_a_misspelt_key_is_named_beside_the_one_that_is_missing(path, right, wrong, words):
    path.write_text(CONFIG.replace(right, wrong))
    with pytest.raises(ClvError, match=re.escape(words)):
        read_config(path)


def test_every_fault_has_a_line_of_its_own(path):
    path.write_text(
        "training: {history_months: 0, pred_months: six, owner: me}\n"
        "run: {last_score_cutoff: 1899-12-31, schedule_start: 2201-01-01, schedule_model_id: 5}\n"
        "monitoring: {drift_threshold_rmse: -1, drift_threshold_r2: true}\n"
        "clusters: {smallest_share: .inf}\nretention: [9]\n7: x\n"
    )
    with pytest.raises(ClvError) as refused:
        read_config(path)
    first, *lines = str(refused.value).splitlines()
    assert first == f"{path} has 11 faults:"
    named = [line.split()[1] for line in lines]
    assert sorted(named) == sorted(
        [
            "training.history_months", "training.pred_months", "training.owner",
            "run.last_score_cutoff", "run.schedule_start", "run.schedule_model_id",
            "monitoring.drift_threshold_rmse", "monitoring.drift_threshold_r2",
            "clusters.smallest_share", "retention", "7",
        ]
    )  # fmt: skip
    assert all(
        "; it takes " in line for line in lines if "owner" not in line and "- 7 " not in line
    )


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (CONFIG + "training:\n  history_months: 3\n", "the key 'training' stands a second time"),
        (CONFIG.replace("  pred_months: 6\n", "  pred_months: 6\n  pred_months: 3\n"),
         r"line 6: the key 'pred_months' stands a second time \(first in line 5\)"),
        (CONFIG.replace("pred_months: 6", "pred_months: &six 6"), "line 5: the anchor &six"),
        (CONFIG + "clusters: *six\n", r"line 13: the alias \*six"),
        (CONFIG + "clusters:\n  <<: {min_clusters: 3}\n", "the merge key <<"),
        (CONFIG + "? [a, b]\n: 1\n", "a key that is no plain name"),
        (CONFIG + BOMB, "the anchor &a0"),
        (CONFIG + "clusters: " + "[" * 5_000, "nested deeper than 20 levels"),
        (CONFIG + "---\na: 1\n", "found another document"),
        (CONFIG + "clusters: !!python/object/apply:os.system [ls]\n", "constructor for the tag"),
        (CONFIG + "clusters: !shop x\n", "constructor for the tag"),
    ],
)  # fmt: skip
def test_what_yaml_would_take_without_a_word_is_refused_with_its_line(path, text, cause):
    path.write_text(text)
    with pytest.raises(ClvError, match=cause) as refused:
        read_config(path)
    assert "\n" not in str(refused.value)
    with pytest.raises(ClvError, match=cause):
        write_config(path, {("run", "last_score_cutoff"): dt.date(2022, 1, 14)})
    assert path.read_text() == text


def test_a_very_large_file_is_refused_unread(path):
    path.write_text(CONFIG + "#" * 200_000)
    with pytest.raises(ClvError, match="beyond the 100,000"):
        read_config(path)


REST = (
    "training: {history_months: 9, pred_months: 6}\n"
    "monitoring: {drift_threshold_rmse: 0.2, drift_threshold_r2: 0.15}\n"
)
# UNREAD: a form of YAML 1.2 that the parser does not know
RIGHT, REFUSED, UNREAD = "right", "refused", "unread"


@pytest.mark.parametrize(
    ("form", "outcome"),
    [
        ('"run":\n  "last_score_cutoff": 2021-12-31\n', RIGHT),
        ("'run':\n  'last_score_cutoff' : '2021-12-31'   # c\n", RIGHT),
        ("run: {last_score_cutoff: 2021-12-31}  # c\n", RIGHT),
        ("run: {last_score_cutoff: 2021-12-31, schedule_start: 2021-01-01}\n", RIGHT),
        ('run: {"last_score_cutoff":"2021-12-31"}\n', RIGHT),
        ("run: {\n  # c\n  last_score_cutoff: 2021-12-31,  # d\n  schedule_start: null,\n}\n", RIGHT),
        ("run:\n  last_score_cutoff: |-\n    2021-12-31\n  schedule_start: null  # c\n", REFUSED),
        ("run:\n  last_score_cutoff: >-\n    2021-12-31\n\n# c\n", REFUSED),
        ("run:\n  last_score_cutoff:\n    2021-12-31\n", RIGHT),
        ('run:\n  last_score_cutoff: "2021-\\\n    12-31"\n', REFUSED),
        ("run:\r\n  last_score_cutoff: 2021-12-31  # c\r\n", RIGHT),
        ("run:\n  last_score_cutoff:\t2021-12-31\t# c\n", UNREAD),
        ("run: # a\n  # b\n  last_score_cutoff: # c\n    2021-12-31 # d\n  # e\n# f\n", RIGHT),
        ("run:\n  schedule_start: null\n  last_score_cutoff: 2021-12-31", RIGHT),
        ("run:\n  last_score_cutoff: !!str 2021-12-31\n", RIGHT),
        ("run: !!map\n  last_score_cutoff: !!timestamp 2021-12-31  # c\n", RIGHT),
        ("run:\n  ? last_score_cutoff\n  : 2021-12-31\n", RIGHT),
        ("run:\n  last_score_cutoff:\n  schedule_start:\n", RIGHT),
        ("run:\n  last_score_cutoff: # c\n  schedule_start:\n", RIGHT),
        ("run:\n# c\n", RIGHT),
        ("run: ~ # c\n", RIGHT),
        ("run: {}\n", RIGHT),
        ("# no schedule\n", RIGHT),
        ("run: {last_score_cutoff}\n", REFUSED),
        ("run: {last_score_cutoff: , schedule_start: }\n", RIGHT),
        ("run:\n  schedule_model_id: |\n    abc\n\n\n", REFUSED),
        ("run:\n  schedule_model_id: 'a\n\n    b'\n  # c\n", REFUSED),
        ("run:\n      schedule_start: 2021-01-01\n\n\n   # c\n", RIGHT),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "frame",
    [
        "{rest}{form}", "{form}{rest}", "\ufeff{rest}{form}", "---\n{form}{rest}",
        "# c\n\n--- # d\n{rest}{form}", "{rest}{form}\n...\n", "%YAML 1.1\n---\n{rest}{form}",
    ],
    ids=["last", "first", "bom", "marker", "commented marker", "end marker", "directive"],
)  # fmt: skip
def test_every_legal_form_is_rewritten_right_or_refused(path, form, outcome, frame):
    if not form.endswith("\n") and frame.startswith(("{form}", "---")):
        form += "\n"
    rest = REST.replace("\n", "\r\n") if "\r\n" in form else REST
    text = frame.replace("{rest}", rest).replace("{form}", form)
    path.write_bytes(text.encode())
    if outcome == UNREAD:
        with pytest.raises(ClvError, match=r"not valid YAML \(line \d+: found character '\\t'"):
            read_config(path)
        return
    before = read_config(path)
    changes = {
        ("run", "last_score_cutoff"): dt.date(2022, 1, 14),
        ("run", "schedule_model_id"): "m",
    }
    try:
        write_config(path, changes)
    except ClvError as refused:
        assert outcome == REFUSED or ("..." in frame and "run" not in form)
        assert re.search(r", line \d+: run\.\w+ is written in a form", str(refused))
        assert '`  last_score_cutoff: "2022-01-14"`' in str(refused) or "schedule_model_id" in str(
            refused
        )
        assert path.read_bytes() == text.encode()
        return
    assert outcome == RIGHT
    after = read_config(path)
    wanted = {"last_score_cutoff": dt.date(2022, 1, 14), "schedule_model_id": "m"}
    assert after.run == before.run.model_copy(update=wanted)
    assert after.model_copy(update={"run": before.run}) == before
    assert re.findall(r"# ?\w.*", path.read_bytes().decode()) == re.findall(r"# ?\w.*", text)


def test_what_cannot_be_rewritten_is_told_before_a_run_begins(path):
    check_rewritable(path, [("run", "last_score_cutoff"), ("run", "schedule_start")])
    path.write_text(CONFIG.replace('"2021-12-31" ', "|-\n    2021-12-31\n "))
    with pytest.raises(ClvError, match=r"line 7: run\.last_score_cutoff is written in a form"):
        check_rewritable(path, [("run", "last_score_cutoff")])


def test_a_key_that_is_missing_is_said_to_be_missing(path):
    path.write_text(CONFIG.replace("  pred_months: 6\n", ""))
    with pytest.raises(ClvError, match=r"training\.pred_months is missing; it takes"):
        read_config(path)


@pytest.mark.parametrize("text", ["training: [", "a: b: c\n", "a: 'b\n", "\tx: 1\n", "a: \x01"])
def test_what_is_not_yaml_is_said_in_one_line_without_the_parsers_drawing(path, text):
    path.write_text(text)
    with pytest.raises(ClvError, match="is not valid YAML") as refused:
        read_config(path)
    assert "\n" not in str(refused.value) and "^" not in str(refused.value)
    assert str(refused.value).endswith("Correct it, or restore it.")
