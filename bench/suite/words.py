"""Figures as people read them."""

from collections.abc import Mapping

from suite.rows import Parameter, Row

SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def size(number: float) -> str:
    """"32 GiB"; "1.5 KiB"."""
    for unit, name in SIZES:
        if number >= unit:
            return f"{number / unit:.4g} {name}"
    return f"{number:.0f} B"


def size_of(text: str) -> int:
    """The bytes of "64MiB", "4 GiB" or "4096". Raises ValueError for anything else."""
    text = text.strip()
    for unit, name in SIZES:
        if text.lower().endswith(name.lower()):
            return int(text[: -len(name)]) * unit
    return int(text)


def digits(number: float) -> str:
    """Three significant digits, without an exponent: "1,230", "12.3", "0.123"."""
    if number == 0:
        return "0"
    places = max(0, 2 - _exponent(number))
    return f"{number:,.{places}f}"


def seconds(number: float) -> str:
    for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if number >= unit:
            return f"{digits(number / unit)} {name}"
    return f"{digits(number / 1e-9)} ns"


def rate(number: float) -> str:
    return f"{digits(number / 1e9)} GB/s"


def quantity(number: float, unit: str) -> str:
    return rate(number) if unit == "B/s" else seconds(number)


def times(ratio: float) -> str:
    return f"{digits(ratio)} ×"


def more(ratio: float) -> str:
    """How much more than 1 it is: "+0.42 %"."""
    share = round(100 * (ratio - 1), 2)
    return f"{share:+.2f} %".replace("-", "−") if share else "±0 %"


def spread(row: Row) -> str:
    """The smallest and the largest of its values."""
    return f"{quantity(min(row.values), row.unit)} – {quantity(max(row.values), row.unit)}"


def count(number: float, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def pages(kind: Parameter) -> str:
    return "transparent huge pages" if kind == "THP" else f"{kind} pages"


def parameter(name: str, value: Parameter) -> str:
    """What a row's parameter means, without its name where it speaks for itself."""
    if isinstance(value, str):
        shown = {"pages": pages, "zero": "ZERO={}".format, "through": "through {}".format, "what": str, "path": "{} path".format}
        return shown[name](value) if name in shown else f"{name} {value}"
    if name == "bytes":
        return size(value)
    if name == "sector":
        return f"{size(value)} sector"
    counted = {"processes": ("process", "processes"), "leased": ("leased", "leased"), "mappings": ("other mapping", "")}
    if name in counted or name in ("threads", "files", "sealers", "buffers"):
        return count(value, *counted.get(name, (name.removesuffix("s"), "")))
    return f"{name} {value:,}"


def parameters(all: Mapping[str, Parameter]) -> str:
    return ", ".join(parameter(name, value) for name, value in all.items())


def machine(read: Mapping) -> str:
    """In one line."""
    virtual = " (virtual machine)" if read.get("is_virtual") else ""
    cores = f"{read['cpus']} of {read['cpus_in_all']}" if read["cpus"] != read["cpus_in_all"] else str(read["cpus"])
    return f"{read['cpu_model']}{virtual}, {cores} CPUs, {size(read['memory_bytes'])}, {read['system']}, Linux {read['kernel']}"


def _exponent(number: float) -> int:
    return int(f"{abs(number):.2e}".split("e")[1])
