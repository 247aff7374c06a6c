"""Figures as people read them."""

from collections.abc import Mapping, Sequence

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
    places = max(0, 2 - int(f"{abs(number):.2e}".split("e")[1]))
    return f"{number:,.{places}f}"


def seconds(number: float) -> str:
    for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if number >= unit:
            return f"{digits(number / unit)} {name}"
    return f"{digits(number / 1e-9)} ns"


def nanoseconds(number: float) -> str:
    """A label's time, which stays in one unit so that a column can be compared."""
    return f"{number * 1e9:,.0f} ns"


def quantity(number: float, unit: str) -> str:
    return f"{digits(number / 1e9)} GB/s" if unit == "B/s" else seconds(number)


def times(ratio: float) -> str:
    return f"{digits(ratio)} ×"


def spread(values: Sequence[float], text=digits) -> str:
    """The smallest and the largest."""
    return f"{text(min(values))} – {text(max(values))}"


def count(number: float, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def parameters(all: Mapping[str, int | float | str]) -> str:
    """"path multicore, 512 MiB sector, layer 2"."""
    sizes = {"bytes": "", "sector": " sector"}
    return ", ".join(size(value) + sizes[name] if name in sizes else f"{name} {value}" for name, value in all.items())


def machine(read: Mapping) -> str:
    """In one line."""
    virtual = " (virtual machine)" if read.get("is_virtual") else ""
    cores = f"{read['cpus']} of {read['cpus_in_all']}" if read["cpus"] != read["cpus_in_all"] else str(read["cpus"])
    return f"{read['cpu_model']}{virtual}, {cores} CPUs, {size(read['memory_bytes'])}, {read['system']}, Linux {read['kernel']}"
