"""Bundles that open, and bundles that must be refused with one sentence."""

import errno
import hashlib
import json
import os
import shutil
import time
import zipfile

import msgspec
import numpy as np
import onnx
import pytest

from umtn_core.bundle import (
    Bundle,
    Manifest,
    amend_manifest,
    find_bundle,
    installed_bundles,
    write_bundle,
)
from umtn_core.bundle.manifest import read_manifest
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.errors import UmtnError


def refusal(path):
    with pytest.raises(UmtnError) as caught:
        Bundle.open(path)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message
    return message


def zipped(folder, path, prefix=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, prefix + file.name)
    return path


def edited(folder, **changes):
    """Change the manifest's JSON, whether or not it is a manifest afterwards."""
    file = folder / "manifest.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({k: v for k, v in (content | changes).items() if v is not None}))


def with_graph(folder, name, change):
    """Change a graph, and its checksum with it."""
    model = onnx.load(folder / name)
    change(model.graph)
    contents = model.SerializeToString()
    (folder / name).write_bytes(contents)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edited(folder, files=files | {name: hashlib.sha256(contents).hexdigest()})


def test_what_was_written_is_opened(bundle_folder, random_bundle):
    bundle = Bundle.open(bundle_folder)
    assert bundle.domains == ("a", "b")
    assert bundle.manifest.licence == "CC0-1.0"
    original = random_bundle(bundle.shape)
    assert bundle.manifest == original.manifest
    for name in bundle.manifest.graph_files:
        assert bundle.contents(name) == original.contents(name)


@pytest.mark.parametrize("prefix", ["", "model/"])
def test_a_zip_of_the_folder_is_as_good(bundle_folder, tmp_path, prefix):
    bundle = Bundle.open(zipped(bundle_folder, tmp_path / "model.zip", prefix))
    assert bundle.manifest == Bundle.open(bundle_folder).manifest
    assert bundle.encoder == Bundle.open(bundle_folder).encoder


def test_a_zip_with_backslashes_in_its_names_is_as_good(bundle_folder, tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in bundle_folder.iterdir():
            archive.write(file, f"flutes\\{file.name}")
    assert Bundle.open(path).manifest == Bundle.open(bundle_folder).manifest
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("flutes/encoder.onnx", b"another")
    with pytest.raises(UmtnError, match="two files of one name"):
        Bundle.open(path)


def test_a_manifest_behind_a_byte_order_mark_is_read(bundle_folder):
    manifest = bundle_folder / "manifest.json"
    before = Bundle.open(bundle_folder).manifest
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes())
    assert Bundle.open(bundle_folder).manifest == before


def test_a_licence_may_have_pages(bundle_folder):
    manifest = bundle_folder / "manifest.json"
    values = json.loads(manifest.read_text()) | {"licence": "Page 1\n\f\nPage 2"}
    manifest.write_text(json.dumps(values))
    assert Bundle.open(bundle_folder).manifest.licence == "Page 1\n\f\nPage 2"


def test_missing_parts_are_named(bundle_folder, tmp_path):
    assert "There is no model bundle" in refusal(tmp_path / "nothing")
    (bundle_folder / "decoder.b.onnx").unlink()
    assert "decoder.b.onnx" in refusal(bundle_folder)
    (bundle_folder / "manifest.json").unlink()
    assert "manifest.json" in refusal(bundle_folder)


def test_a_file_that_was_changed_is_named(bundle_folder):
    contents = bytearray((bundle_folder / "conditioner.a.onnx").read_bytes())
    contents[-1] ^= 1
    (bundle_folder / "conditioner.a.onnx").write_bytes(contents)
    message = refusal(bundle_folder)
    assert "conditioner.a.onnx" in message and "checksum" in message


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "one"}', "null"])
def test_a_manifest_that_is_none_is_refused(bundle_folder, text):
    (bundle_folder / "manifest.json").write_text(text)
    assert "manifest" in refusal(bundle_folder)


def test_another_schema_is_refused_with_advice(bundle_folder):
    edited(bundle_folder, schema=2, tempo=120)
    assert "update umtn" in refusal(bundle_folder)
    edited(bundle_folder, schema=0)
    assert "export it again" in refusal(bundle_folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"licence": None},
        {"unheard_of": 1},
        {"domains": []},
        {"domains": [{"name": "../a"}]},
        {"domains": [{"name": "A b"}]},
        {"domains": [{"name": "a"}, {"name": "a"}]},
        {"domains": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
        {"reference_loudness": "loud"},
        {"shape": {"hop": 0}},
        {"files": {}},
        {"files": {"encoder.onnx": "0"}},
    ],
)
def test_manifests_that_do_not_hold_together_are_refused(bundle_folder, changes):
    edited(bundle_folder, **changes)
    assert "manifest" in refusal(bundle_folder)


def test_a_manifest_cannot_reach_outside_the_folder(bundle_folder, tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    files = json.loads((bundle_folder / "manifest.json").read_text())["files"]
    files["../secret"] = hashlib.sha256(b"x").hexdigest()
    edited(bundle_folder, files=files)
    assert "outside" in refusal(bundle_folder)


def test_a_shape_other_than_the_graphs_is_refused(bundle_folder):
    shape = json.loads((bundle_folder / "manifest.json").read_text())["shape"]
    edited(bundle_folder, shape=shape | {"residual_channels": 8})
    message = refusal(bundle_folder)
    assert "residual_channels" not in message  # it says what is seen, not what may be wrong
    assert "conditioner.a.onnx" in message or "decoder.a.onnx" in message


def rename_output(graph):
    graph.output[0].name = "loudness"


def retype_input(graph):
    graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE


def fix_batch(graph):
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def add_input(graph):
    graph.input.add().CopyFrom(graph.input[0])
    graph.input[-1].name = "extra"


@pytest.mark.parametrize("change", [rename_output, retype_input, fix_batch, add_input])
@pytest.mark.parametrize("name", ["encoder.onnx", "conditioner.b.onnx", "decoder.b.onnx"])
def test_graphs_with_other_inputs_or_outputs_are_refused(bundle_folder, name, change):
    with_graph(bundle_folder, name, change)
    assert name in refusal(bundle_folder)


def test_what_is_no_graph_is_refused_though_its_checksum_is_right(bundle_folder):
    files = json.loads((bundle_folder / "manifest.json").read_text())["files"]
    for contents in (b"", b"no graph", b"\xff" * 100):
        (bundle_folder / "encoder.onnx").write_bytes(contents)
        sums = files | {"encoder.onnx": hashlib.sha256(contents).hexdigest()}
        edited(bundle_folder, files=sums)
        assert "encoder.onnx" in refusal(bundle_folder)


@pytest.mark.parametrize("kept", [0, 30, 0.5, 0.99])
def test_a_zip_that_was_cut_off_is_refused(bundle_folder, tmp_path, kept):
    path = zipped(bundle_folder, tmp_path / "model.zip")
    contents = path.read_bytes()
    path.write_bytes(contents[: int(kept if kept >= 1 else kept * len(contents))])
    refusal(path)


def test_a_damaged_zip_is_refused(bundle_folder, tmp_path):
    path = zipped(bundle_folder, tmp_path / "model.zip")
    contents = bytearray(path.read_bytes())
    middle = len(contents) // 2
    contents[middle : middle + 50] = bytes(50)
    path.write_bytes(contents)
    refusal(path)


def test_an_unknown_domain_is_refused(bundle_folder):
    with pytest.raises(UmtnError, match="it has a, b"):
        Bundle.open(bundle_folder).decoder("oboe")


class TestDomainMeant:
    """A manifest with domains that are easily taken for one another."""

    @pytest.fixture(autouse=True)
    def known(self):
        sums = dict.fromkeys(("encoder.onnx",), "0" * 64)
        domains = [{"name": name} for name in ("french-horn", "alto-sax", "alto_sax", "violin")]
        text = in_bands(None, None, bands=1)
        manifest = json.loads(text) | {"domains": domains, "files": sums}
        self.manifest = msgspec.convert(manifest, Manifest)

    @pytest.mark.parametrize("typed", ["french-horn", "French Horn", "FRENCH_HORN", " frenchhorn "])
    def test_it_is_found_however_it_is_written(self, typed):
        assert self.manifest.domain_meant(typed, "m") == "french-horn"

    @pytest.mark.parametrize("typed", ["alto-sax", "alto_sax"])
    def test_its_own_name_is_never_ambiguous(self, typed):
        assert self.manifest.domain_meant(typed, "m") == typed

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("Alto Sax", "'Alto Sax' can mean alto-sax or alto_sax of the model m: write one of"),
            ("violine", "The model m cannot translate to 'violine' (did you mean violin?); it"),
            ("kazoo", "cannot translate to 'kazoo'; it plays french-horn, alto-sax, alto_sax, v"),
            ("", "The model m cannot translate to ''; it"),
        ],
    )
    def test_a_refusal_says_what_there_is(self, typed, sentence):
        with pytest.raises(UmtnError) as caught:
            self.manifest.domain_meant(typed, "m")
        assert sentence in str(caught.value)


class TestGraphFile:
    def test_it_reads_what_onnx_reads(self, random_bundle, shape):
        for name in random_bundle(shape).manifest.graph_files:
            contents = random_bundle(shape).contents(name)
            ours, graph = GraphFile.parse(contents), onnx.load_from_string(contents).graph
            for found, expected in ((ours.inputs, graph.input), (ours.outputs, graph.output)):
                for port, value in zip(found, expected, strict=True):
                    dims = value.type.tensor_type.shape.dim
                    assert port.name == value.name
                    assert port.dims == tuple(d.dim_param or d.dim_value for d in dims)
            expected = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
            assert ours.weights.keys() == expected.keys()
            for weight, array in expected.items():
                assert ours.weights[weight].dtype == array.dtype
                assert np.array_equal(ours.weights[weight], array)

    def test_every_cut_is_an_error_or_a_smaller_file_but_never_a_crash(self, random_bundle, shape):
        contents = random_bundle(shape).contents("decoder.a.onnx")
        for end in range(0, len(contents), 997):
            try:
                GraphFile.parse(contents[:end])
            except UmtnError:
                continue
            raise AssertionError(f"{end} bytes of {len(contents)} passed as a whole file")


class TestWriting:
    def test_an_existing_bundle_is_replaced_only_when_asked(self, bundle_folder):
        bundle = Bundle.open(bundle_folder)
        graphs = {name: bundle.contents(name) for name in bundle.manifest.files}
        renamed = msgspec.structs.replace(bundle.manifest, name="second")
        with pytest.raises(UmtnError, match="exists"):
            write_bundle(bundle_folder, renamed, graphs)
        assert Bundle.open(bundle_folder).name == "test"
        write_bundle(bundle_folder, renamed, graphs, overwrite=True)
        assert Bundle.open(bundle_folder).name == "second"
        assert [path.name for path in bundle_folder.parent.iterdir()] == ["model"]

    def test_what_is_no_bundle_is_never_replaced(self, bundle_folder, tmp_path):
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "chapter1").write_text("precious")
        bundle = Bundle.open(bundle_folder)
        graphs = {name: bundle.contents(name) for name in bundle.manifest.files}
        with pytest.raises(UmtnError, match="not a model bundle"):
            write_bundle(tmp_path / "thesis", bundle.manifest, graphs, overwrite=True)
        assert (tmp_path / "thesis" / "chapter1").read_text() == "precious"

    def test_what_could_not_be_read_again_is_not_written(self, bundle_folder, tmp_path):
        bundle = Bundle.open(bundle_folder)
        graphs = {name: bundle.contents(name) for name in bundle.manifest.files}
        for changed in (
            {"name": ""},
            {"reference_loudness": 1.0},
            {"domains": bundle.manifest.domains[:1] * 2},
        ):
            wrong = msgspec.structs.replace(bundle.manifest, **changed)
            with pytest.raises(UmtnError, match="manifest"):
                write_bundle(tmp_path / "new", wrong, graphs)
        assert [path.name for path in tmp_path.iterdir()] == ["model"]

    def test_a_domain_may_have_capital_letters(self, bundle_folder, tmp_path):
        """As a folder of recordings may, of which a store calls its domains."""
        bundle = Bundle.open(bundle_folder)
        graphs = {
            name.replace(".a.", ".Alto-Sax."): bundle.contents(name)
            for name in bundle.manifest.files
            if ".b." not in name
        }
        (first, _) = bundle.manifest.domains
        domains = (msgspec.structs.replace(first, name="Alto-Sax"),)
        manifest = msgspec.structs.replace(bundle.manifest, domains=domains)
        opened = Bundle.open(write_bundle(tmp_path / "new", manifest, graphs))
        assert opened.domains == ("Alto-Sax",)
        assert opened.manifest.domain_meant("alto sax", "new") == "Alto-Sax"

    def test_an_error_leaves_nothing(self, bundle_folder, tmp_path, monkeypatch):
        bundle = Bundle.open(bundle_folder)
        graphs = {name: bundle.contents(name) for name in bundle.manifest.files}

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(UmtnError, match="No space left"):
            write_bundle(tmp_path / "new", bundle.manifest, graphs)
        assert [path.name for path in tmp_path.iterdir()] == ["model"]

    def test_quality_can_be_added_later(self, bundle_folder):
        amend_manifest(bundle_folder, quality={"pitch": 0.8})
        assert Bundle.open(bundle_folder).manifest.quality == {"pitch": 0.8}
        with pytest.raises(ValueError, match="shape"):
            amend_manifest(bundle_folder, shape=None)


class TestSearch:
    @pytest.fixture(autouse=True)
    def only_here(self, bundle_folder, tmp_path, monkeypatch):
        """Two folders of models, of which the first hides the second."""
        self.first, self.second = tmp_path / "first", tmp_path / "second"
        for folder in (self.first, self.second):
            shutil.copytree(bundle_folder, folder / "shared")
        zipped(bundle_folder, self.second / "packed.zip")
        (self.second / "notes").mkdir()
        monkeypatch.setenv("UMTN_MODELS", os.pathsep.join([str(self.first), str(self.second)]))

    def test_names_are_found_in_order(self):
        assert find_bundle("shared") == self.first / "shared"
        assert find_bundle("packed") == self.second / "packed.zip"
        assert Bundle.open("packed").domains == ("a", "b")

    def test_paths_are_taken_as_they_are(self, bundle_folder, monkeypatch):
        assert find_bundle(self.second / "shared") == self.second / "shared"
        monkeypatch.chdir(bundle_folder.parent)
        assert Bundle.open("./model").domains == ("a", "b")
        assert Bundle.open("model").domains == ("a", "b")

    def test_the_manifest_means_its_folder(self, bundle_folder, monkeypatch):
        assert find_bundle(str(bundle_folder / "manifest.json")) == bundle_folder
        monkeypatch.chdir(bundle_folder)
        assert Bundle.open("manifest.json").domains == ("a", "b")

    def test_a_slash_at_the_end_changes_nothing(self, bundle_folder, monkeypatch):
        assert find_bundle(f"{bundle_folder}/") == bundle_folder
        assert find_bundle("shared/") == self.first / "shared"
        shutil.copytree(bundle_folder, bundle_folder.parent / "here" / "shared")
        monkeypatch.chdir(bundle_folder.parent / "here")
        assert find_bundle("shared/").samefile("shared")
        assert find_bundle("shared") == self.first / "shared"

    def test_a_folder_may_have_blanks_in_its_name(self, bundle_folder):
        shutil.copytree(bundle_folder, self.first / "My winds, 2nd try")
        assert Bundle.open("My winds, 2nd try").domains == ("a", "b")
        assert find_bundle("my winds, 2nd try") == self.first / "My winds, 2nd try"
        assert Bundle.open(self.first / "My winds, 2nd try").domains == ("a", "b")

    @pytest.mark.parametrize(
        "typed", ["x/" * 3_000, "x" * 6_000, "x" * 300 + "/x", "x" * 300 + ".zip"], ids=len
    )
    def test_a_name_longer_than_any_is_told_so_in_a_short_sentence(self, typed):
        sentence = refusal(typed)
        what = (
            "No model 'xxx" if "/" not in typed and ".zip" not in typed else "File name too long."
        )
        assert what in sentence and len(sentence) < 300

    def test_too_many_open_files_are_not_taken_for_no_models(self, monkeypatch):
        def scandir(folder):
            raise OSError(errno.EMFILE, "Too many open files", str(folder))

        monkeypatch.setattr("os.scandir", scandir)
        assert refusal("nowhere") == "Cannot look for models: Too many open files; try again."

    def test_any_path_is_taken_and_nothing_else(self, bundle_folder):
        class Somewhere:
            def __fspath__(self):
                return str(bundle_folder)

        assert find_bundle(Somewhere()) == bundle_folder
        assert Bundle.open(Somewhere()).domains == ("a", "b")
        for other in (None, 1, b"shared", ["shared"]):
            assert "The model must be a Bundle, a path or a name, not " in refusal(other)
        assert "There is no model bundle at " in refusal("sha\0red/model")

    @pytest.mark.parametrize("typed", ["Shared", "SHARED", " shared "])
    def test_capitals_and_blanks_do_not_matter(self, typed):
        assert find_bundle(typed) == self.first / "shared"

    def test_names_that_differ_by_capitals_only_have_to_be_typed_as_they_are(self, bundle_folder):
        shutil.copytree(bundle_folder, self.first / "Shared")
        assert find_bundle("Shared") == self.first / "Shared"
        assert find_bundle("shared") == self.first / "shared"
        assert (
            refusal("SHARED") == "'SHARED' can mean the model Shared or shared: write one of these."
        )

    def test_an_unknown_name_tells_the_known_ones(self):
        assert refusal("oboes").startswith("No model 'oboes' is installed; there is shared, packed")
        assert refusal("").startswith("No model '' is installed; there is shared, packed")
        assert "(did you mean shared?)" in refusal("sharde")

    @pytest.mark.parametrize("typed", ["x" * 300, "~nobody-of-that-name", "a\0b"])
    def test_what_no_file_can_be_called_is_no_model(self, typed):
        assert "is installed" in refusal(typed)

    def test_a_path_without_a_bundle_is_named_as_it_was_typed(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert refusal("first/sharde").startswith("There is no model bundle at first/sharde;")
        assert refusal("./second/notes").startswith("./second/notes is not a model bundle")
        (tmp_path / "song.wav").write_bytes(b"RIFF")
        assert refusal("song.wav").startswith("song.wav is not a model bundle")

    def test_an_error_calls_a_model_what_it_was_asked_for_by(self):
        file = self.first / "shared" / "decoder.a.onnx"
        file.write_bytes(b"changed")
        assert "the model bundle Shared is not the file" in refusal("Shared")
        file.unlink()
        assert refusal("shared").startswith("The model bundle shared has no decoder.a.onnx;")
        (self.first / "shared" / "manifest.json").write_text("{")
        assert refusal("shared").startswith("The manifest of the model bundle shared is not valid")

    def test_what_may_not_be_read_is_not_called_something_else(self, bundle_folder, monkeypatch):
        def forbidden(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("os.open", forbidden)
        assert "Cannot read manifest.json" in refusal(bundle_folder)
        monkeypatch.setattr("zipfile.ZipFile", forbidden)
        assert refusal("packed") == "Cannot read the model bundle packed: Permission denied."

    def test_a_folder_that_may_not_be_read_hides_no_other(self, monkeypatch):
        def forbidden(folder):
            if folder == self.first:
                raise PermissionError(13, "Permission denied")
            return listed(folder)

        listed = os.scandir
        monkeypatch.setattr("os.scandir", forbidden)
        assert "packed" in [model.name for model in installed_bundles()]

    def test_all_are_listed_and_the_broken_say_so(self):
        (self.first / "shared" / "manifest.json").write_text("{}")
        found = {model.name: model for model in installed_bundles()}
        assert isinstance(found["packed"].manifest, Manifest)
        assert found["shared"].manifest is None
        assert found["shared"].error
        assert "notes" not in found


class TestBadNeighbours:
    """A folder of models with all kinds of bad ones in it, and good ones before and behind."""

    @pytest.fixture(autouse=True)
    def neighbours(self, bundle_folder, tmp_path, monkeypatch):
        self.folder = tmp_path / "models"
        for name in ("a-good", "z-good"):
            shutil.copytree(bundle_folder, self.folder / name)
        for name in ("pipe", "gone", "loop", "deep", "zeros", "escape\x1b[2J", "by\udce9tes"):
            (self.folder / name).mkdir()
        os.mkfifo(self.folder / "pipe" / "manifest.json")
        (self.folder / "gone" / "manifest.json").symlink_to("nowhere")
        (self.folder / "loop" / "manifest.json").symlink_to("manifest.json")
        (self.folder / "deep" / "manifest.json").write_text('{"quality": ' + "[" * 100_000)
        (self.folder / "zeros" / "manifest.json").symlink_to("/dev/zero")
        for name in ("escape\x1b[2J", "by\udce9tes"):
            (self.folder / name / "manifest.json").write_text("{")
        os.mkfifo(self.folder / "packed-pipe.zip")
        (self.folder / "packed-zeros.zip").symlink_to("/dev/zero")
        (self.folder / "packed-nothing.zip").write_bytes(b"")
        os.mkfifo(self.folder / "no-bundle")
        (self.folder / "itself").symlink_to(self.folder)
        (self.folder / "round.zip").symlink_to("round.zip")
        self.bad = {
            "pipe", "gone", "loop", "deep", "zeros", "escape\x1b[2J", "by\udce9tes", "packed-pipe",
            "packed-zeros", "packed-nothing", "round",
        }  # fmt: skip
        monkeypatch.setenv("UMTN_MODELS", str(self.folder))

    def test_each_is_named_with_its_sentence_and_hides_no_other(self):
        found = {model.name: model for model in installed_bundles()}
        assert {name for name, model in found.items() if model.error} == self.bad
        assert all(found[name].manifest is None for name in self.bad)
        assert all(found[name].error.endswith(".") for name in self.bad)
        assert {"a-good", "z-good", "default"} <= {n for n, m in found.items() if m.manifest}

    def test_a_good_one_is_still_found_and_opened(self):
        assert Bundle.open("z-good").domains == ("a", "b")
        assert refusal("Pipe").startswith("Cannot read manifest.json in the model bundle Pipe")

    def test_they_cost_no_time(self):
        begun = time.process_time()
        installed_bundles()
        assert time.process_time() - begun < 1

    def test_nor_do_many_things_that_are_no_models(self):
        for i in range(20_000):
            (self.folder / f"{i}.wav").touch()
        begun = time.process_time()
        assert "z-good" in {model.name for model in installed_bundles()}
        assert time.process_time() - begun < 1

    def test_a_manifest_is_read_again_only_when_it_has_changed(self, monkeypatch):
        monkeypatch.setattr("umtn_core.bundle.search._SETTLED", 0)
        installed_bundles()
        again = []

        def read(text, name):
            again.append(name)
            return read_manifest(text, name)

        monkeypatch.setattr("umtn_core.bundle.search.read_manifest", read)
        installed_bundles()
        assert not {"a-good", "z-good"} & set(again)
        edited(self.folder / "a-good", name="renamed")
        found = {model.name: model.manifest for model in installed_bundles()}
        assert found["a-good"].name == "renamed"
        assert "z-good" not in again

    def test_one_that_was_changed_a_moment_ago_is_read_each_time(self):
        """Its times may not tell yet: clocks of file systems tick a few hundred times a second."""
        installed_bundles()
        file = self.folder / "a-good" / "manifest.json"
        status = file.stat()
        file.write_text(file.read_text().replace('"test"', '"tset"'))
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        found = {model.name: model.manifest for model in installed_bundles()}
        assert found["a-good"].name == "tset"


def in_bands(gains, temperatures=(), bands=4):
    """A manifest's text of a model in so many bands, as JSON."""
    sums = dict.fromkeys(("encoder.onnx", "conditioner.a.onnx", "decoder.a.onnx"), "0" * 64)
    manifest = {
        "schema": 1, "name": "m", "licence": "", "training_data": "", "reference_loudness": -20,
        "domains": [{"name": "a"} | ({} if gains is None else {"band_gains": gains})],
        "shape": {"bands": bands, "decoder_input": "embedding"}, "files": sums,
    }  # fmt: skip
    if temperatures is not None:
        manifest["band_temperatures"] = temperatures
    return json.dumps(manifest).encode()


def test_gains_and_temperatures_of_bands_are_read():
    manifest = read_manifest(in_bands([1, 2.5, 4, 8], [1, 1, 0.9, 0]), "m")
    assert manifest.domains[0].band_gains == (1, 2.5, 4, 8)
    assert manifest.band_temperatures == (1, 1, 0.9, 0)
    assert read_manifest(in_bands([1, 2.5, 4, 8], None), "m").band_temperatures == ()
    again = read_manifest(msgspec.json.encode(manifest), "m")
    assert again == manifest


def test_a_manifest_from_before_there_were_bands_is_read():
    manifest = read_manifest(in_bands(None, None, bands=1), "m")
    assert manifest.domains[0].band_gains == ()
    assert manifest.band_temperatures == ()
    assert manifest.shape.output_rate == manifest.shape.sample_rate


@pytest.mark.parametrize(
    ("gains", "temperatures", "bands", "what"),
    [
        (None, (), 4, "gives a 0 band gains, but audio in 4 bands takes 4"),
        ([1, 1, 1], (), 4, "gives a 3 band gains"),
        ([1], (), 1, "audio in 1 band takes 0"),
        ([1, 1, 0, 1], (), 4, "not valid"),
        ([1, 1, -1, 1], (), 4, "not valid"),
        ([1, 1, None, 1], (), 4, "not valid"),
        ([1, 1, 1, 1], [1, 1], 4, "has 2 band temperatures"),
        ([1, 1, 1, 1], [1, 1, -1, 1], 4, "not valid"),
        ([1, 1, 1, 1, 1], (), 5, "not valid"),
    ],
)
def test_gains_and_temperatures_that_do_not_fit_the_bands_are_refused(
    gains, temperatures, bands, what
):
    with pytest.raises(UmtnError, match=what) as caught:
        read_manifest(in_bands(gains, temperatures, bands), "m")
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_what_does_not_fit_the_bands_is_not_written(bundle_folder):
    before = (bundle_folder / "manifest.json").read_bytes()
    with pytest.raises(UmtnError, match="band temperatures"):
        amend_manifest(bundle_folder, band_temperatures=(1.0, 1.0))
    assert (bundle_folder / "manifest.json").read_bytes() == before
    assert amend_manifest(bundle_folder, band_temperatures=(0.5,)).band_temperatures == (0.5,)
