"""The web page, run by Streamlit: ``streamlit run app.py -- RUN ARM``; use ``seimbang serve RUN``, which hardens it."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image

from seimbang.errors import SeimbangError
from seimbang.explain import overlay
from seimbang.imaging.worker import decode_apart, open_apart
from seimbang.record.arm import ArmFacts
from seimbang.record.contents import Contents, read
from seimbang.record.metrics import Measures
from seimbang.serving import form
from seimbang.serving.draw import UPLOAD_MB, bullets, digits, heading, load_predictor, pictures, result, table
from seimbang.serving.heat import heat_map, methods
from seimbang.serving.predictor import Predictor
from seimbang.serving.sentences import (
    balancing,
    caption,
    counted,
    explained,
    figure_names,
    figures,
    preparation,
    shape,
)
from seimbang.serving.words import Markup, Words, load, plain
from seimbang.text import LANGUAGES

if TYPE_CHECKING:
    from torch import nn

PREVIEW = 260  # pixels; more would push the result off the screen of a phone
OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
COLOURS = ("#9aa7ad", "#0b5c7a")
Pixels = npt.NDArray[np.uint8]


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
        technical = words("error.technical", found=error.found, expected=error.expected, fix=error.fix)
        known = f"error.{error.code}" in words.texts
        sentence = words(f"error.{error.code}", found=error.found) if known else technical
        st.error(words("error.frame", sentence=sentence, code=error.code))
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
    warnings = {"synthetic": contents.run.data.synthetic, "quick": contents.quick, "leaky": contents.arm.facts.leaky}
    for name, holds in warnings.items():
        if holds:
            st.warning(words(f"page.{name}"))


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
    facts |= {words.known(f"data.{name.lower()}", name): plain(text) for name, text in data.facts.items()}
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


def upload(contents: Contents, words: Words) -> None:
    """Draw part 4: an image is chosen, and its class and confidence appear."""
    heading(words("upload.title"))
    st.warning(words("upload.not_diagnosis"))
    file = st.file_uploader(
        words("upload.button", limit=UPLOAD_MB),
        key="upload",
        max_upload_size=UPLOAD_MB,
    )
    st.markdown(words("upload.any_picture"))
    if file is None:
        st.info(words("upload.waiting"))
        return
    data = file.getvalue()
    with st.spinner(words("upload.wait")):  # the first answer loads the model, which takes seconds
        predictor = load_predictor(str(contents.arm.folder), contents.seed, contents.profile)
        prediction = predictor.predict(data, file.name)
    height, width = contents.run.data.size
    caption = words("upload.preview", name=file.name, width=width, height=height)
    alt = words.text("upload.preview_alt", name=file.name)
    st.image(preview(data, predictor, file.name), caption, width=PREVIEW, alt=alt)
    result(contents, prediction, words)
    if not prediction.advice.refused:
        moved(decode_apart(data, predictor.image, file.name)[0], file.file_id, predictor, prediction.label, words)


def moved(pixels: Pixels, file_id: str, predictor: Predictor, label: str, words: Words) -> None:
    """Show beside the image what spoke for a network's answer; what takes longer is drawn only when it is asked for."""
    network = predictor.network
    if network is None:
        return
    heading(words("heat.title"), 2)
    choices = methods(network, pixels)
    first = "grad_cam" if "grad_cam" in choices else "none"
    names = {name: words(f"heat.{name}") for name in ("none", *choices)}
    at = list(names).index(first)
    method = st.radio(words("heat.method"), list(names), at, format_func=names.__getitem__, key="heat_method")
    if method == "none":
        return
    heat = remembered(pixels, file_id, network, predictor.classes.index(label), method, words)
    opacity = st.slider(words("heat.opacity"), 0, 100, 50, key="heat_opacity")
    with st.container(horizontal=True, key="heat"):
        st.image(pixels.squeeze(), words("heat.original"), width=PREVIEW, alt=words.text("heat.original"))
        alt = words.text("heat.map_alt", name=label)
        st.image(overlay(pixels, heat, opacity / 100), words("heat.map", name=label), width=PREVIEW, alt=alt)
    st.warning(words("heat.warning"))
    st.markdown(words("heat.text" if heat.any() else "heat.flat", name=label))
    if len(choices) > 1:
        st.markdown(words("heat.both"))


def remembered(
    pixels: Pixels, file_id: str, network: "nn.Module", target: int, method: str, words: Words
) -> npt.NDArray[np.float32]:
    """Return the map of this upload; moving the slider does not recompute it."""
    wanted = (file_id, method, target)
    if st.session_state.get("heat_of") != wanted:
        with st.spinner(words("heat.wait")):
            heat = heat_map(network, pixels, target, method)
        st.session_state.update(heat_of=wanted, heat_map=heat)
    kept: npt.NDArray[np.float32] = st.session_state["heat_map"]
    return kept


def preview(data: bytes, predictor: Predictor, name: str) -> Image.Image:
    """Return the uploaded picture for the eye: upright, in its own proportions, no larger than the page needs."""
    picture = Image.fromarray(open_apart(data, predictor.image, name)[0].squeeze())
    picture.thumbnail((2 * PREVIEW, 2 * PREVIEW), reducing_gap=2)  # for screens with two dots a pixel
    return picture


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
    "upload": upload,
    "examples": examples,
}
OF_TABLES: Mapping[str, Part] = {name: PARTS[name] for name in ("purpose", "data", "model")} | {"upload": form.upload}


if __name__ == "__main__":
    main()
