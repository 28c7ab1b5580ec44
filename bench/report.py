"""What was measured, beside what is asked: for a terminal, and as the Markdown of docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

#: Ratios that requirements ask for: (now, goal). Where `now` is the larger number, less is better.
BARS: dict[str, tuple[float, float]] = {
    "SSO, RS256": (0.30, 0.45),
    "SSO, ES256": (0.48, 0.70),
    "client_credentials, opaque": (1.5, 2.5),
    "refresh, RS256": (0.40, 0.55),
    "userinfo": (1.5, 3),
    "introspection": (1.5, 3),
    "discovery": (3.7, 5),
    "JWKS": (3.7, 5),
    "password login": (0.85, 0.95),
    "token p99 in a login flood, against quiet": (3, 2),
    "memory after load, MiB": (130, 100),
    "first answer, s": (1, 0.5),
}
HEAD = ("", "a second", "ratio", "median", "bar", "goal", "p50 ms", "p99 ms", "errors", "CPU µs")
SCALE_HEAD = ("", "hop", "p50 ms", "p99 ms", "p99 ms", "ratio", "bar", "errors")


def is_met(name: str, value: float) -> bool | None:
    """Whether a figure meets its bar; None where there is none."""
    if name not in BARS:
        return None
    now, goal = BARS[name]
    return value <= now if goal < now else value >= now


def rows(results: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The table of part one; the second cell of a met bar is plain, of a missed one is marked."""
    for figure in results["figures"]:
        yield (
            figure["name"], f"{figure['rate']:,.0f}", _judged(figure["name"], figure["ratio"], "{:.2f}"),
            f"{figure['median_ratio']:.2f}", *_bars(figure["name"], "{:g}"),
            f"{figure['p50']:.2f}", f"{figure['p99']:.2f}", str(figure["errors"]), f"{figure['cpu']:,.0f}",
        )  # fmt: skip
    for name, value in others(results):
        yield (name, "", _judged(name, value, "{:.1f}"), "", *_bars(name, "{:g}"), "", "", "", "")


def others(results: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Figures that are no rates."""
    if results["flood"]:
        yield "token p99 in a login flood, against quiet", results["flood"]["ratio"]
    for moment, memory in results["memory"].items():
        yield f"memory {moment}, MiB", memory["pss"]
        yield f"memory {moment}, MiB, shared pages counted in each process", memory["rss"]
    if results["first_answer"]:
        yield "first answer, s", min(results["first_answer"])


def _bars(name: str, form: str) -> tuple[str, str]:
    if name not in BARS:
        return "", ""
    return form.format(BARS[name][0]), form.format(BARS[name][1])


def _judged(name: str, value: float, form: str) -> str:
    return form.format(value) + (" (missed)" if is_met(name, value) is False else "")


def scale_rows(scale: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The table of part two."""
    for backend, costs in scale.items():
        for cost in costs:
            ratio = f"{cost['ratio']:.2f}" + (" (missed)" if cost["ratio"] > 1.5 else "")
            yield (
                backend, cost["hop"], f"{cost['p50'][-1]:.2f}", f"{cost['p99'][0]:.2f}", f"{cost['p99'][-1]:.2f}",
                ratio, "1.5", str(cost["errors"]),
            )  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """On the terminal."""
    console = Console()
    console.print(sentence(found))
    for head, lines in _tables(found):
        table = Table(*head, box=None, header_style="bold", pad_edge=False)
        for line in lines:
            style = "red" if any("missed" in cell for cell in line) else None
            table.add_row(*line, style=style)
        console.print(table)


def markdown(found: dict[str, Any]) -> str:
    """For docs/performance.md."""
    text = [sentence(found), ""]
    for head, lines in _tables(found):
        text += [_line(head), _line(["---"] * len(head)), *map(_line, lines), ""]
    return "\n".join(text)


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _tables(found: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    if "hops" in found:
        yield HEAD, list(rows(found["hops"]))
    if "scale" in found:
        small, large = (f"{size:,}" for size in found["sizes"])
        head = list(SCALE_HEAD)
        head[2], head[3], head[4] = f"p50 ms at {large}", f"p99 ms at {small}", f"p99 ms at {large}"
        yield tuple(head), list(scale_rows(found["scale"]))


def sentence(found: dict[str, Any]) -> str:
    """The machine, and what it signs."""
    about = found["machine"]
    text = (
        f"{about['processor']}, {about['cores']} cores, Python {about['python']}, OpenSSL {about['openssl']}, "
        f"{found['backend']}"
    )
    if "hops" in found:
        signed = sorted(found["hops"]["rsa2048"])
        text += (
            f". RSA-2048 signatures a second on the server's core: {signed[len(signed) // 2]:,.0f} "
            f"(median of {len(signed)}; {signed[0]:,.0f} to {signed[-1]:,.0f})"
        )
    return text + "."
