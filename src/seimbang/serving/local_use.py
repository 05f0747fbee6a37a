"""The part of the page on whether the model may be used here: whom it was measured on, and how it did elsewhere."""

import streamlit as st

from seimbang.record.contents import Contents
from seimbang.record.metrics import Value
from seimbang.serving.advice import chances
from seimbang.serving.draw import bullets, heading, table
from seimbang.serving.sentences import figure_names, figures, origin, prevalence
from seimbang.serving.words import Markup, Words


def use(contents: Contents, words: Words) -> None:
    """Draw the population, the figures from elsewhere before the study's own, and what to do before any use."""
    heading(words("use.title"))
    st.markdown(words("use.lead"))
    heading(words("use.population"), 2)
    _population(contents, words)
    heading(words("use.elsewhere"), 2)
    _elsewhere(contents, words)
    heading(words("use.refusing"), 2)
    _refusing(contents, words)
    heading(words("use.before"), 2)
    positive = contents.run.positive
    share = words.number(100 * prevalence(contents, positive))
    bullets([words("use.alike"), words("use.common", name=positive, share=share), words("use.measure")])
    st.warning(words("purpose.may_not"))


def _sets(contents: Contents, words: Words) -> dict[str, Markup]:
    """Return the tested sets with their names on the page, those from elsewhere first."""
    named = {f"external:{name}": words("data.external_part", name=name) for name in contents.externals}
    return named | {"test": words("model.test")}


def _population(contents: Contents, words: Words) -> None:
    data = contents.run.data
    facts = origin(contents, words)
    if data.groups:
        facts[words("data.patients")] = words.number(data.groups)
    said = [f"**{name}:** {text}" for name, text in facts.items()]
    parts = {words(f"data.{part}"): counts for part, counts in contents.protocol.counts.items()}
    parts |= {words("data.external_part", name=name): counts for name, counts in data.external.items()}
    for part, counts in parts.items():
        each = "; ".join(f"{name} {words.number(n)}" for name, n in counts.items())
        said.append(words("use.part", name=part, n=words.number(sum(counts.values())), counts=each))
    bullets(said)


def _elsewhere(contents: Contents, words: Words) -> None:
    if not contents.externals:
        st.warning(words("use.never"))
    for sentence in chances(contents.arm.refusal.at_chance, words, words):
        st.warning(sentence)
    names = {str(words("model.figure")): figure_names(contents, words)}
    sets = contents.arm.metrics.sets
    table(names | {title: figures(sets[name].served, words) for name, title in _sets(contents, words).items()})
    st.markdown(words("model.results_text"))


def _refusing(contents: Contents, words: Words) -> None:
    names = [words(f"use.{name}") for name in ("refused", "referred", "accuracy")]
    columns: dict[str, list[str]] = {words("model.figure"): list(names)}
    for name, title in _sets(contents, words).items():
        answered = contents.arm.refusal.sets[name]
        values = (answered.refused, answered.referred, answered.accuracy)
        columns[title] = [_share(value, words) for value in values]
    table(columns)


def _share(value: Value, words: Words) -> str:
    return words("use.no_limit") if value.value is None else words.interval(value)
