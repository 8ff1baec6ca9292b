"""Bundles that were made to do harm: each a good one, and then spoilt, and what is to be said."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

#: Spoils the bundle's folder, or makes another in its place: returns what is to be opened.
Spoil = Callable[[Path], Path]

#: By name: what is done, and words of the refusal.
CASES: dict[str, tuple[Spoil, str]] = {}

NO_FILE = "it is a pipe, a device or a socket, and no file"


def case(words: str) -> Callable[[Spoil], Spoil]:
    def keep(spoil: Spoil) -> Spoil:
        CASES[spoil.__name__] = spoil, words
        return spoil

    return keep


def edited(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Change the manifest's values."""
    file = folder / "manifest.json"
    said = json.loads(file.read_text())
    change(said)
    file.write_text(json.dumps(said))
    return folder


def put_in(folder: Path, place: str, text: str) -> Path:
    """Put JSON that `json` would not write in place of a value."""
    edited(folder, lambda said: said.update({place: "PLACE"}))
    file = folder / "manifest.json"
    file.write_text(file.read_text().replace('"PLACE"', text))
    return folder


def signed(folder: Path, name: str, contents: bytes) -> Path:
    """Put a file in with its checksum, as whoever makes a bundle can."""
    (folder / name).write_bytes(contents)
    sums = {name: hashlib.sha256(contents).hexdigest()}
    return edited(folder, lambda said: said["files"].update(sums))


def regraphed(folder: Path, name: str, change: Callable[[onnx.ModelProto], Any]) -> Path:
    model = onnx.load(folder / name)
    change(model)
    return signed(folder, name, model.SerializeToString())


def linked(folder: Path, name: str, to: str) -> Path:
    (folder / name).unlink()
    (folder / name).symlink_to(to)
    return folder


def zipped(folder: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    shutil.rmtree(folder)
    return path


# What lies where a file should


@case(NO_FILE)
def graph_is_a_link_to_zeros(folder: Path) -> Path:
    return linked(folder, "encoder.onnx", "/dev/zero")


@case(NO_FILE)
def manifest_is_a_link_to_zeros(folder: Path) -> Path:
    return linked(folder, "manifest.json", "/dev/zero")


@case(NO_FILE)
def graph_is_a_pipe(folder: Path) -> Path:
    (folder / "decoder.a.onnx").unlink()
    os.mkfifo(folder / "decoder.a.onnx")
    return folder


@case(NO_FILE)
def manifest_is_a_pipe(folder: Path) -> Path:
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    return folder


@case(NO_FILE)
def manifest_is_a_socket(folder: Path) -> Path:
    (folder / "manifest.json").unlink()
    here = Path.cwd()
    os.chdir(folder)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("manifest.json")
    os.chdir(here)
    return folder


@case(NO_FILE)
def zip_is_a_pipe(folder: Path) -> Path:
    shutil.rmtree(folder)
    os.mkfifo(folder.with_suffix(".zip"))
    return folder.with_suffix(".zip")


@case("has another length than it says")
def manifest_is_of_the_system(folder: Path) -> Path:
    return linked(folder, "manifest.json", "/proc/self/maps")


@case("Too many levels")
def manifest_is_a_link_to_itself(folder: Path) -> Path:
    return linked(folder, "manifest.json", "manifest.json")


@case("has no encoder.onnx")
def graph_is_a_folder(folder: Path) -> Path:
    (folder / "encoder.onnx").unlink()
    (folder / "encoder.onnx").mkdir()
    return folder


@case("(1099511627776 bytes")
def graph_is_a_terabyte(folder: Path) -> Path:
    os.truncate(folder / "encoder.onnx", 2**40)
    return folder


@case("manifest.json in it is too large")
def manifest_is_a_terabyte(folder: Path) -> Path:
    os.truncate(folder / "manifest.json", 2**40)
    return folder


# Zips


@case("manifest.json in it is too large")
def zip_of_a_long_manifest(folder: Path) -> Path:
    os.truncate(folder / "manifest.json", 2**28)
    return zipped(folder)


@case("is damaged")
def zip_that_lies_about_a_long_manifest(folder: Path) -> Path:
    os.truncate(folder / "manifest.json", 2**28)
    path = zipped(folder)
    contents = path.read_bytes().replace(struct.pack("<L", 2**28), struct.pack("<L", 2**20))
    path.write_bytes(contents)
    return path


@case("is not the file that its manifest describes (268435456 bytes")
def zip_of_a_long_graph(folder: Path) -> Path:
    os.truncate(folder / "decoder.b.onnx", 2**28)
    return zipped(folder)


@case("far more files")
def zip_of_half_a_million_files(folder: Path) -> Path:
    shutil.rmtree(folder)
    count, path = 500_000, folder.with_suffix(".zip")
    form = "<4sBBHHHHHLLLHHHHHLL"
    head = struct.pack(form, b"PK\1\2", 20, 3, 20, *(0,) * 7, 7, *(0,) * 6)
    directory = b"".join(head + b"%07d" % i for i in range(count))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    path.write_bytes(directory + end)
    return path


@case("neither a folder nor a zip")
def zip_of_a_terabyte_of_nothing(folder: Path) -> Path:
    shutil.rmtree(folder)
    path = folder.with_suffix(".zip")
    path.write_bytes(b"PK\5\6")
    os.truncate(path, 2**40)
    return path


@case("make the zip with deflate")
def zip_by_lzma(folder: Path) -> Path:
    return zipped(folder, zipfile.ZIP_LZMA)


@case("make the zip with deflate")
def zip_by_bzip2(folder: Path) -> Path:
    return zipped(folder, zipfile.ZIP_BZIP2)


@case("is encrypted")
def zip_with_a_password(folder: Path) -> Path:
    path = zipped(folder)
    contents = bytearray(path.read_bytes())
    at = 0
    while (at := contents.find(b"PK\1\2", at)) >= 0:
        contents[at + 8] |= 1
        at += 4
    path.write_bytes(contents)
    return path


@case("two files of one name")
def zip_with_two_manifests(folder: Path) -> Path:
    path = zipped(folder)
    contents = path.read_bytes().replace(b"decoder.b.onnx", b"decoder.a.onnx")
    path.write_bytes(contents)
    return path


# What the manifest says


@case("far deeper")
def lists_a_hundred_thousand_deep(folder: Path) -> Path:
    return put_in(folder, "quality", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")


@case("far deeper")
def lists_as_deep_as_can_be_decoded(folder: Path) -> Path:
    return put_in(folder, "quality", '{"a": ' + "[" * 400 + "]" * 400 + "}")


@case("more than 131072 values")
def a_million_objects(folder: Path) -> Path:
    return put_in(folder, "quality", '{"a": [' + "{}," * 1_300_000 + "{}]}")


@case("is too large for a part")
def a_text_of_many_megabytes(folder: Path) -> Path:
    return edited(folder, lambda said: said.update(training_data="x" * 10_000_000))


@case("`str` of length <= 100000")
def a_licence_of_megabytes(folder: Path) -> Path:
    return edited(folder, lambda said: said.update(licence="x" * 3_000_000))


@case("the control character U+001B behind 'CC0'")
def a_licence_that_steers_the_terminal(folder: Path) -> Path:
    return edited(folder, lambda said: said.update(licence="CC0\x1b]0;mine\x07"))


@case("the control character U+009B")
def a_title_that_steers_the_terminal(folder: Path) -> Path:
    return edited(folder, lambda said: said["domains"][0].update(title="\x9b2Jflute"))


@case("the control character U+0000")
def a_figure_whose_name_ends_early(folder: Path) -> Path:
    return edited(folder, lambda said: said.update(quality={"a": [{"pitch\0": 1}]}))


@case(r"unknown field `\x1b[2Jkk")
def a_field_that_steers_the_terminal_and_has_no_end(folder: Path) -> Path:
    return edited(folder, lambda said: said.update({"\x1b[2J" + "k" * 3_000_000: 1}))


@case("has schema 9999999")
def a_schema_of_a_thousand_digits(folder: Path) -> Path:
    return put_in(folder, "schema", "9" * 1000)


@case("is not valid")
def a_schema_of_too_many_digits(folder: Path) -> Path:
    return put_in(folder, "schema", "9" * 5000)


@case("is not valid")
def a_figure_of_too_many_digits(folder: Path) -> Path:
    return put_in(folder, "quality", '{"a": ' + "9" * 100_000 + "}")


@case("out of range")
def a_loudness_beyond_all_floats(folder: Path) -> Path:
    return put_in(folder, "reference_loudness", "-1e400")


@case("is not valid")
def a_temperature_that_is_no_number(folder: Path) -> Path:
    return put_in(folder, "temperature", "NaN")


@case("utf-8")
def bytes_that_are_no_text(folder: Path) -> Path:
    file = folder / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b"CC0", b"C\xff0"))
    return folder


@case("is not valid")
def half_of_a_surrogate_pair(folder: Path) -> Path:
    return put_in(folder, "licence", r'"\ud800"')


@case("`array` of length <= 1000")
def ten_thousand_domains(folder: Path) -> Path:
    domains = [{"name": f"d{i}"} for i in range(10_000)]
    return edited(folder, lambda said: said.update(domains=domains))


@case("would take more than 4 GB")
def domains_that_no_memory_holds(folder: Path) -> Path:
    domains = [{"name": f"d{i}"} for i in range(999)]
    files = {"encoder.onnx": "0" * 64}
    for each in domains:
        files |= {f"{kind}.{each['name']}.onnx": "0" * 64 for kind in ("decoder", "conditioner")}
    wide = {"residual_channels": 1024, "skip_channels": 1024}
    edited(folder, lambda said: said["shape"].update(wide))
    return edited(folder, lambda said: said.update(domains=domains, files=files))


@case("the lowest note, 80.0, is above")
def a_range_that_ends_before_it_begins(folder: Path) -> Path:
    scope = {"lowest": 80, "highest": 40, "voices": 1, "material": "x"}
    return edited(folder, lambda said: said.update(scope=scope))


@case("names a file outside it: '../../etc/passwd'")
def a_file_outside(folder: Path) -> Path:
    outside = {"../../etc/passwd": "0" * 64}
    return edited(folder, lambda said: said["files"].update(outside))


def _of_shape(words: str, **fields: int) -> None:
    def spoil(folder: Path) -> Path:
        return edited(folder, lambda said: said["shape"].update(fields))

    spoil.__name__ = f"a_shape_of_{'_'.join(f'{k}_{v}' for k, v in fields.items())}"
    case(words)(spoil)


_of_shape("`int` <= 20", decoder_layers=1_000_000)
_of_shape("`int` <= 64", decoder_blocks=2**62)
_of_shape("`int` <= 64", encoder_blocks=10**30)
_of_shape("more than 256", decoder_blocks=64, decoder_layers=20)
_of_shape("more than 256", encoder_blocks=20, encoder_layers=19)
_of_shape("numbers of its past", decoder_blocks=12, decoder_layers=20, residual_channels=4)
_of_shape("numbers of its past", encoder_blocks=12, encoder_layers=20)
_of_shape("parameters, more than", residual_channels=4096, skip_channels=4096)
_of_shape("`int` <= 4096", residual_channels=2**31)
_of_shape("`int` >= 1", residual_channels=-1)
_of_shape("`int` <= 65536", hop=2**40)
_of_shape("`int` >= 1000", sample_rate=1)
_of_shape("`int` <= 768000", decoder_sample_rate=10**9)
_of_shape("`int` <= 64", decoder_kernel=2**20)


@case("more than 65536 numbers")
def a_post_filter_that_no_memory_holds(folder: Path) -> Path:
    form = {"window": 65536, "bins": 32769, "channels": 256}
    return edited(folder, lambda said: said["domains"][0].update(postfilter=form))


# What the graphs do


@case("node 'Loop' where 'Add' should be")
def a_graph_that_never_ends(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [])
        body = helper.make_graph([], "body", [value], [value])
        add = next(node for node in model.graph.node if node.op_type == "Add")
        add.op_type = "Loop"
        add.attribute.append(helper.make_attribute("body", body))

    return regraphed(folder, "encoder.onnx", change)


@case("node 'Expand' where 'AveragePool' should be")
def a_graph_that_fills_the_memory(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        node = next(node for node in model.graph.node if node.op_type == "AveragePool")
        node.op_type = "Expand"
        del node.attribute[:]

    return regraphed(folder, "encoder.onnx", change)


@case("'Conv', has other inputs, outputs or attributes")
def a_convolution_of_much_silence(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        conv = next(node for node in model.graph.node if node.op_type == "Conv")
        pads = next(each for each in conv.attribute if each.name == "pads")
        pads.ints[:] = [2**40, 2**40]

    return regraphed(folder, "encoder.onnx", change)


@case("has other inputs, outputs or attributes")
def an_operator_of_somebody_elses(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node[3].domain = "com.example"

    return regraphed(folder, "decoder.b.onnx", change)


@case("it has a node more, 'Relu'")
def a_node_more(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node.append(helper.make_node("Relu", ["latents"], ["more"]))

    return regraphed(folder, "encoder.onnx", change)


@case("it lacks a node")
def a_node_less(folder: Path) -> Path:
    return regraphed(folder, "conditioner.a.onnx", lambda model: model.graph.node.pop())


@case("in another form, or in another file")
def weights_in_a_file_outside(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        weight = model.graph.initializer[-1]
        weight.data_location = TensorProto.EXTERNAL
        where = weight.external_data.add()
        where.key, where.value = "location", "../../../etc/passwd"

    return regraphed(folder, "encoder.onnx", change)


@case("in another form, or in another file")
def weights_in_another_form(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer[-1].float_data.append(1.0)

    return regraphed(folder, "encoder.onnx", change)


def _with_dims(name: str, words: str, *dims: int) -> None:
    def spoil(folder: Path) -> Path:
        def change(model: onnx.ModelProto) -> None:
            model.graph.initializer[-1].dims[:] = dims

        return regraphed(folder, "decoder.a.onnx", change)

    spoil.__name__ = name
    case(words)(spoil)


_with_dims("a_weight_of_more_than_there_is", "but the manifest's shape asks for", 2**62, 2**62)
_with_dims("a_weight_of_less_than_nothing", "but the manifest's shape asks for", -1, 256)
_with_dims("a_weight_of_many_dimensions", "more dimensions than any network", *(1,) * 1000)


@case("constant_0 is another")
def a_constant_that_is_another(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer[0].raw_data = struct.pack("<q", 2**62)

    return regraphed(folder, "encoder.onnx", change)


@case("more than nodes, weights, inputs and outputs")
def sparse_weights(folder: Path) -> Path:
    return regraphed(folder, "encoder.onnx", lambda model: model.graph.sparse_initializer.add())


@case("holds functions")
def functions(folder: Path) -> Path:
    return regraphed(folder, "encoder.onnx", lambda model: model.functions.add())


@case("it holds two graphs")
def two_graphs(folder: Path) -> Path:
    contents = (folder / "encoder.onnx").read_bytes()
    return signed(folder, "encoder.onnx", contents + b"\x3a\x00")


@case("not those of ONNX's version 18")
def other_operators(folder: Path) -> Path:
    def change(model: onnx.ModelProto) -> None:
        model.opset_import[0].version = 7

    return regraphed(folder, "encoder.onnx", change)


@case("is not the graph")
def messages_ten_thousand_deep(folder: Path) -> Path:
    size = (folder / "encoder.onnx").stat().st_size
    deep = b""
    while len(deep) < size - 20:
        size_of = len(deep)
        varint = bytearray()
        while size_of > 0x7F:
            varint.append(size_of & 0x7F | 0x80)
            size_of >>= 7
        deep = b"\x0a" + bytes([*varint, size_of]) + deep
        if len(deep) > 4096:
            deep = deep + b"\x0a\x00" * ((size - 20 - len(deep)) // 2)
            break
    head = b"\x3a" + bytes([len(deep) & 0x7F | 0x80, len(deep) >> 7 & 0x7F | 0x80, len(deep) >> 14])
    return signed(folder, "encoder.onnx", head + deep)


@case("is not")
def a_graph_of_nothing_but_small_fields(folder: Path) -> Path:
    size = (folder / "encoder.onnx").stat().st_size
    return signed(folder, "encoder.onnx", b"\x12\x00" * (size // 2))


@case("is not an ONNX file")
def a_graph_of_noise(folder: Path) -> Path:
    size = (folder / "encoder.onnx").stat().st_size
    return signed(folder, "encoder.onnx", b"\xff" * size)
