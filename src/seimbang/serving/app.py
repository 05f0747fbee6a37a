"""The web page, run by Streamlit: ``streamlit run app.py -- RUN ARM``; use ``seimbang serve RUN``, which hardens it."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from seimbang.errors import SeimbangError
from seimbang.record.arm import ArmFacts
from seimbang.record.contents import Contents, read
from seimbang.record.metrics import Measures
from seimbang.serving import form, images, local_use
from seimbang.serving.draw import bullets, digits, heading, pictures, table
from seimbang.serving.page_server import UPLOAD_MB
from seimbang.serving.sentences import (
    balancing,
    caption,
    cautions,
    counted,
    explained,
    failure,
    figure_names,
    figures,
    origin,
    preparation,
    shape,
)
from seimbang.serving.words import Markup, Words, load, plain
from seimbang.text import LANGUAGES

OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
COLOURS = ("#9aa7ad", "#0b5c7a")


def main() -> None:
    """Draw the page."""
    st.set_page_config("seimbang", page_icon=Image.new("RGB", (32, 32), COLOURS[1]), layout="centered")
    keep_uploads_in_memory()
    words = choose_language()
    with in_plain_words(words):
        contents = read(Path(sys.argv[1]), *sys.argv[2:])
        words, parts = (words.of_tables(), OF_TABLES) if contents.run.tabular else (words, PARTS)
        banner(contents, words)
        for tab, (name, part) in zip(tabs(words, parts), parts.items(), strict=True):
            with tab, st.container(key=f"part_{name}"), in_plain_words(words):
                part(contents, words)


def keep_uploads_in_memory() -> None:
    """Keep the server from parking uploads of more than 1 MB in a temporary file: nothing may reach the disk."""
    from starlette.formparsers import MultiPartParser

    MultiPartParser.spool_max_size = (UPLOAD_MB + 1) * 2**20


@contextmanager
def in_plain_words(words: Words) -> Iterator[None]:
    """Show any error inside as a sentence; only an internal error goes to the server's log."""
    try:
        yield
    except SeimbangError as error:
        st.error(words("error.frame", sentence=failure(error, words), code=error.code))
    except Exception:
        logging.getLogger("seimbang").exception("the page failed")
        st.error(words("error.unexpected"))


def choose_language() -> Words:
    """Offer the languages; the one in the address comes first, then the browser's own."""
    wanted = [st.query_params.get("lang"), (st.context.locale or "").split("-")[0]]
    st.session_state.setdefault("lang", next((name for name in wanted if name in LANGUAGES), "en"))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown("**seimbang**", width="content")
        chosen = st.radio(
            "Language / Bahasa",
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            key="lang",
            horizontal=True,
            label_visibility="collapsed",
            width="content",
        )
    st.query_params["lang"] = chosen
    return load(chosen)


def banner(contents: Contents, words: Words) -> None:
    """Say above every part what this is and what to beware of."""
    study = contents.run.study
    st.title(plain(words.own(study.title, study.title_id)), anchor=False)
    st.markdown(f"**{words('page.statement')}**")
    for sentence in cautions(contents, words):
        st.warning(sentence)


def tabs(words: Words, parts: Iterable[str]) -> Sequence[Any]:
    """Return a tab for each part; the one that is open stays open when the language is switched."""
    labels = {name: words(f"part.{name}") for name in parts}
    if st.session_state.get("tab") not in labels.values():
        st.session_state["tab"] = labels[st.session_state.get("part", next(iter(parts)))]
    st.session_state["part"] = next(name for name, label in labels.items() if label == st.session_state["tab"])
    return st.tabs(list(labels.values()), key="tab", on_change="rerun")


def purpose(contents: Contents, words: Words) -> None:
    """Draw part 1: what the page is for, and what it is not for."""
    heading(words("purpose.title"))
    st.markdown(words("purpose.what", classes=", ".join(contents.run.classes)))
    heading(words("purpose.question"), 2)
    study = contents.run.study
    st.markdown("> " + plain(words.own(study.question, study.question_id)))
    heading(words("purpose.balance"), 2)
    counts = contents.arm.facts.before
    rare, *_, common = sorted(counts, key=counts.__getitem__)
    many, few = words.number(counts[common]), words.number(counts[rare])
    arm = balancing(contents.arm.facts, words)
    st.markdown(words("purpose.balance_text", common=common, rare=rare, many=many, few=few, arm=arm))
    heading(words("purpose.who"), 2)
    bullets([words(f"purpose.{name}") for name in ("may", "may_not", "limits", "private", "name_hint")])


def data_set(contents: Contents, words: Words) -> None:
    """Draw part 2: source, format, preparation, class distribution and sample images."""
    data = contents.run.data
    heading(words("data.title"))
    facts = {words("data.name"): plain(data.name)}
    facts |= origin(contents, words)
    if data.groups:
        facts[words("data.patients")] = words.number(data.groups)
    if left := data.left_out.get(""):
        facts[words("data.left_out")] = words.number(len(left))
    bullets([f"**{name}:** {text}" for name, text in facts.items()])
    if data.samples:
        heading(words("data.samples"), 2)
    alt = [words.text("data.sample_alt", label=sample.label) for sample in data.samples]
    pictures([(contents.run.folder / sample.file, plain(sample.label)) for sample in data.samples], alt)
    division(contents, words)
    heading(words("data.preparation"), 2)
    bullets(list(preparation(contents, words)))
    heading(words("data.distribution"), 2)
    distribution(contents.arm.facts, words)


def division(contents: Contents, words: Words) -> None:
    """Draw how many cases of each class are in each part."""
    data, protocol = contents.run.data, contents.protocol
    heading(words("data.parts"), 2)
    parts = {words(f"data.{part}"): counts for part, counts in protocol.counts.items()}
    parts |= {words("data.external_part", name=name): counts for name, counts in data.external.items()}
    columns = {plain(name): [words.number(counts.get(name, 0)) for counts in parts.values()] for name in data.classes}
    table({words("data.part"): list(parts), **columns})
    st.markdown(words("data.parts_text"))
    if protocol.folds > 1:
        st.markdown(words("data.first_fold", folds=protocol.folds))


def distribution(arm: ArmFacts, words: Words) -> None:
    """Draw the training images of each class before and after balancing."""
    import altair as alt

    steps = {words("data.before"): arm.before, words("data.after"): arm.after}
    rows = [
        {"step": step, "class": name, "n": n, "text": words.number(n)}
        for step, counts in steps.items()
        for name, n in counts.items()
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("class:N", title=words("data.class"), axis=alt.Axis(labelAngle=0), sort=list(arm.before)),
        xOffset=alt.XOffset("step:N", sort=list(steps)),
        y=alt.Y("n:Q", title=words("data.count"), axis=alt.Axis(labels=False, ticks=False, grid=False)),
        tooltip=["step:N", "class:N", "text:N"],
    )
    colour = alt.Color("step:N", sort=list(steps), scale=alt.Scale(range=COLOURS), title=None)
    bars = base.mark_bar().encode(color=colour.legend(orient="top"))
    chart = bars + base.mark_text(dy=-7).encode(text="text:N")
    numbers = "; ".join(f"{row['class']}, {row['step']}: {row['text']}" for row in rows)
    st.altair_chart(chart.properties(height=300), alt=words("data.chart", numbers=Markup(numbers)))
    if arm.before == arm.after:
        st.markdown(words("data.same"))
    if arm.synthetic:
        st.markdown(words("data.synthetic", count=words.number(arm.synthetic)))


def model(contents: Contents, words: Words) -> None:
    """Draw part 3: the layers, how they were trained, and the results."""
    facts, network = contents.arm.facts, contents.arm.networked
    heading(words("model.title"))
    title = words.known(f"network.{facts.model['name']}", facts.model_title)
    total = words.number(sum(layer.parameters for layer in facts.layers))
    st.markdown(words("model.built" if network else "model.fitted", title=title, parameters=total))
    rows = [
        (plain(layer.name), shape(layer), words.number(layer.parameters), explained(layer, words))
        for layer in facts.layers
    ]
    names = ("layer" if network else "step", "shape", "parameters", "purpose")
    cells = dict(zip(names, zip(*rows, strict=True), strict=True))
    table({words(f"model.{name}"): column for name, column in cells.items() if network or name != "parameters"})
    if network:
        training(facts, words)
    results(contents, words)
    importance(contents, words)
    compared(contents, words)


def training(arm: ArmFacts, words: Words) -> None:
    """Say how a network was trained."""
    settings = arm.training
    rate = words.number(settings.learning_rate, digits(settings.learning_rate))
    numbers = {"batch": settings.batch_size, "epochs": settings.epochs, "best": arm.best_epoch}
    st.markdown(words("model.training", optimizer=OPTIMIZERS[settings.optimizer], rate=rate, **numbers))


def importance(contents: Contents, words: Words) -> None:
    """Draw how much each column of a table matters to the arm that predicts, the most important first."""
    rows = sorted(contents.arm.importance, key=lambda row: -row.drop)
    if not rows:
        return
    heading(words("model.importance"), 2)
    drops = [f"{words.number(100 * row.drop, 1)} (± {words.number(100 * row.sd, 1)})" for row in rows]
    table({words("model.column"): [plain(row.column) for row in rows], words("model.drop"): drops})
    st.markdown(words("model.importance_text"))


def results(contents: Contents, words: Words) -> None:
    """Draw the figures of the arm that predicts, each with its interval."""
    metrics = contents.arm.metrics
    test, threshold = metrics.sets["test"], words.number(metrics.threshold.value or 0.0, 2)
    heading(words("model.results"), 2)
    columns: dict[str, Measures] = {words("model.test"): test.served}
    if test.served_tuned:
        columns[words("model.tuned", threshold=threshold)] = test.served_tuned
    for name in contents.externals:
        columns[words("data.external_part", name=name)] = metrics.sets[f"external:{name}"].served
    names = {str(words("model.figure")): figure_names(contents, words)}
    table(names | {column: figures(measures, words) for column, measures in columns.items()})
    st.markdown(words("model.results_text"))
    if contents.protocol.folds > 1:
        st.markdown(words("model.folds", folds=contents.protocol.folds))
    if test.tuned:
        st.markdown(words("model.tuned_text", threshold=threshold, positive=metrics.positive))
    heading(words("model.counts"), 2)
    bullets(list(counted(metrics, words)))
    for name in contents.externals:
        there, here = (part.served.metrics["balanced_accuracy"] for part in (metrics.sets[f"external:{name}"], test))
        gap = words.interval(there.minus(here))
        gap = gap.replace("\N{NO-BREAK SPACE}%", "")
        st.markdown(words("model.gap", name=name, gap=gap))
    if contents.externals:
        st.markdown(words("model.gap_text"))


def compared(contents: Contents, words: Words) -> None:
    """Draw the arms side by side."""
    heading(words("model.arms"), 2)
    arms = contents.run.arms
    names = [words("model.arm_leaky", name=arm.name) if arm.facts.leaky else plain(arm.name) for arm in arms]
    columns: dict[str, Sequence[str]] = {words("model.arm"): names}
    for name in ("test", *(f"external:{name}" for name in contents.externals)):
        title = words("model.test" if name == "test" else "data.external_part", name=name.removeprefix("external:"))
        columns[title] = [words.interval(arm.metrics.sets[name].served.metrics["balanced_accuracy"]) for arm in arms]
    table(columns)
    st.markdown(words("model.arms_text", arm=contents.arm.name))
    if any(arm.facts.leaky for arm in arms):
        st.markdown(words("model.leaky_text"))


def examples(contents: Contents, words: Words) -> None:
    """Draw part 5: right and wrong predictions on the test set."""
    heading(words("examples.title"))
    st.markdown(words("examples.text"))
    for right, name in ((True, "right"), (False, "wrong")):
        heading(words(f"examples.{name}"), 2)
        chosen = [example for example in contents.arm.examples if example.right == right]
        alt = [words.text("examples.alt", label=example.label, predicted=example.predicted) for example in chosen]
        pictures([(contents.arm.folder / example.file, caption(example, words)) for example in chosen], alt)
        if not chosen:
            st.markdown(words(f"examples.none_{name}"))


Part = Callable[[Contents, Words], None]
PARTS: Mapping[str, Part] = {
    "purpose": purpose,
    "data": data_set,
    "model": model,
    "use": local_use.use,
    "upload": images.upload,
    "examples": examples,
}
SHARED = ("purpose", "data", "model", "use")
OF_TABLES: Mapping[str, Part] = {name: PARTS[name] for name in SHARED} | {"upload": form.upload}


if __name__ == "__main__":
    main()
