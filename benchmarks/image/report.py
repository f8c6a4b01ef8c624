"""The table that people read: seconds, work, shares of the machine's limit, and ratios of one run."""

from collections.abc import Iterator, Mapping
from typing import Any

NETWORKS = {"text": "text encoder", "unet": "UNet, one step", "vae": "VAE decoding", "taesd": "tiny decoding"}
Found = Mapping[str, Any]


def as_table(found: Found) -> str:
    run = found["run"]
    head = f"{run['size']}x{run['size']} px, {run['steps']} steps, {run['model']}{', ' if run['options'] else ''}{run['options']}"
    return "\n".join(["", head, run["machine"], "", *_networks(found), *_pictures(found), *_load(found)])


def _networks(found: Found) -> Iterator[str]:
    rate = found.get("rate")
    if rate:
        yield f"the machine's best rate: {rate['gflop_per_s']} GFLOP/s in {rate['dtype']}"
    names = [name for name in NETWORKS if name in found]
    if names:
        yield _row("alone", "s", "first", "TFLOP", "GFLOP/s", "of the rate")
    for name in names:
        one = found[name]
        speed = one["flop"] / one["s"] / 1e9
        share = f"{speed / rate['gflop_per_s']:.0%}" if rate else ""
        yield _row(NETWORKS[name], _s(one["s"]), _s(one["first_s"]), f"{one['flop'] / 1e12:.3f}", f"{speed:.0f}", share)
    if preview := found.get("preview"):
        share = f", {preview['s'] / found['unet']['s']:.2%} of a step" if "unet" in found else ""
        yield f"one preview: {preview['s'] * 1000:.1f} ms ({preview['kind']}){share}; by TAESD {preview['by_taesd_s'] * 1000:.0f} ms"


def _pictures(found: Found) -> Iterator[str]:
    plain = found.get("plain")
    for name, decoder in (("picture", "vae"), ("tiny", "taesd")):
        if not (one := found.get(name)):
            continue
        yield ""
        yield f"{'tiny decoder: ' if name == 'tiny' else ''}{one['engine']}"
        yield _row("", "first", "median", "best", "step", "decoding")
        yield _row(
            "whole picture, s",
            *(_s(one[key]) for key in ("first_picture_s", "picture_s", "best_picture_s", "step_s", "decode_s")),
        )
        if {"text", "unet", decoder} <= set(found) and "openvino" not in one[
            "engine"
        ].lower():  # alone, they are torch's
            parts = found["text"]["s"] + found["run"]["steps"] * found["unet"]["s"] + found[decoder]["s"]
            yield f"sum of its parts alone: {_s(parts)} s; the whole is {one['picture_s'] / parts:.2f} times that"
        disk = (
            f", {one['start_from_disk_s']:.1f} s with the weights read from the disk"
            if "start_from_disk_s" in one
            else ""
        )
        yield f"process start to ready: {one['start_s']:.1f} s{disk}; peak memory {one['peak_gb']:.1f} GB{_on_gpu(one)}"
        if plain:
            yield f"plain diffusers: {plain['picture_s'] / one['picture_s']:.2f} times as long"
    if plain:
        yield ""
        yield f"plain diffusers, {plain['dtype']}: {_s(plain['picture_s'])} s, load {plain['load_s']:.1f} s, peak {plain['peak_gb']:.1f} GB{_on_gpu(plain)}"
    if batches := found.get("batches"):
        yield ""
        yield _row(f"waiting, {batches['size']} px", "one by one", "together", "gain")
        for many, apart in batches["batch=1"].items():
            together = batches["batch=4"][many]
            yield _row(f"{many} pictures, s", _s(apart), _s(together), f"{apart / together:.2f}")


def _load(found: Found) -> Iterator[str]:
    yield ""
    if one := found.get("previews"):
        yield f"previews: a step takes {one['ratio'] - 1:+.1%} ({_s(one['step_without_s'])} s without)"
    if one := found.get("health"):
        yield f"/healthz during steps: p50 {one['p50_ms']:.1f}, p99 {one['p99_ms']:.1f}, most {one['most_ms']:.1f} ms of {one['probes']}"
    if one := found.get("bad"):
        yield (
            f"{one['sent_per_s']:.0f} bad requests a second: a step takes {one['ratio'] - 1:+.1%} "
            f"({_s(one['step_without_s'])} s without), to a sink {one['ratio_at_sink'] - 1:+.1%}; "
            f"one takes {one['server_ms']:.2f} ms of the server's processor time, {one['sender_ms']:.2f} of its sender's"
        )
    if one := found.get("queue"):
        yield (
            f"1,000 waiting with {one['text_mb']:.0f} MB of text: {one['full_mb']:+.0f} MB "
            f"({one['kb_per_job_beyond_text']:.0f} kB each beyond its text); gone again: {one['afterwards_mb']:+.0f} MB"
        )


def _on_gpu(one: Found) -> str:
    return f", {one['gpu_gb']:.1f} GB of the GPU's" if "gpu_gb" in one else ""


def _row(name: str, *cells: str) -> str:
    return f"{name:22}" + "".join(f"{cell:>12}" for cell in cells)


def _s(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}"
