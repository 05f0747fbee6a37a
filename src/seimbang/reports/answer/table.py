"""TOPICS: every sentence of the answer, and when it is said. A new sentence is one rule here."""

from __future__ import annotations

from seimbang.reports.answer import certainty, opened, outside, ranking
from seimbang.reports.answer.apart import apart
from seimbang.reports.answer.judged import CHANCE, MAJORITY
from seimbang.reports.answer.rules import Topic, rule
from seimbang.reports.leak import worth

APART = Topic(
    "apart",
    apart,
    (
        (
            rule("{names} cannot be compared by balanced accuracy on {where}: {detail}.", state="unknown"),
            rule("{names} has a higher balanced accuracy than {others} on {where}{here} ({detail}).", state="higher"),
            rule(
                "There is no significant difference in balanced accuracy between {names} on {where}: all decide alike.",
                state="alike",
            ),
            rule("There is no significant difference in balanced accuracy between {names} on {where} ({detail})."),
        ),
    ),
)

TOPICS: tuple[Topic, ...] = (
    Topic(
        "trainings",
        certainty.trained,
        (
            (
                rule(
                    "This run compares single trainings, not methods: {were} trained once, and another seed would move "
                    "every figure.",
                    how="once",
                ),
            ),
        ),
    ),
    Topic(
        "closed",
        opened.closed,
        (
            (
                rule(
                    "The test part was not opened: nothing was predicted of its {cases} cases. Every figure is of the "
                    "validation part, on which epochs and thresholds were chosen, and flatters for that reason. "
                    "`seimbang run` without --without-test on the same folder opens it."
                ),
            ),
        ),
    ),
    Topic(
        "best",
        ranking.unranked,
        (
            (
                rule("No arm without a known leak could be measured on the test set.", honest=True),
                rule("Every arm of this run leaks: none of its figures says how a model works on new patients."),
            ),
        ),
    ),
    Topic(
        "best",
        ranking.firsts,
        (
            (
                rule(
                    "{leaders} have the highest balanced accuracy of the arms without a known leak on the test "
                    "set{under}, the same one: {value}, {cases} {units}.",
                    tie=True,
                ),
                rule(
                    "“{name}” has the highest balanced accuracy of the arms without a known leak on the test "
                    "set{under}: {value}, {cases} {units}.",
                ),
            ),
            (
                rule("There is no other arm without a known leak to compare it with.", better="alone"),
                rule("Tested on the same cases, “{name}” is better than {below}{here}.", better="all"),
                rule("Tested on the same cases, “{name}” is not shown to be better than {alike}.", better="none"),
                rule(
                    "Tested on the same cases, “{name}” is better than {below}{here}; there is no significant "
                    "difference from {alike}."
                ),
            ),
            CHANCE,
            MAJORITY,
        ),
    ),
    Topic(
        "classes",
        ranking.firsts,
        (
            (rule("“{name}”{under} finds, of the test cases of each class, this share: {recalls}."),),
            (
                rule("It finds no case of {never}.", lost="none"),
                rule("It misses more than half of the cases of {weak}.", lost="fewer"),
            ),
        ),
    ),
    Topic(
        "few",
        certainty.few,
        (
            (
                rule("No case of {name} is in {where}: nothing can be said of it there.", size="absent"),
                rule(
                    "Of the {cases} {units} in {where}, only {count} {are} {name}: one {unit} more or less moves its "
                    "recall by {step}. With so few, only a large difference can be shown: that none is, does not show "
                    "that there is none.",
                    size="few",
                ),
            ),
        ),
    ),
    APART,
    Topic(
        "kinds",
        ranking.kinds,
        (
            (rule("The best network{under}, “{name}”, has balanced accuracy {value}."),),
            (rule("Tested on the same cases, it is better than {better}{here}.", wins=True),),
            (rule("Tested on the same cases, there is no significant difference from {alike}.", draws=True),),
            (rule("Tested on the same cases, it is worse than {worse}{here}.", loses=True),),
        ),
    ),
    Topic(
        "balancing",
        ranking.balanced,
        (
            (
                rule(
                    "“{name}” against “{before}”: balanced accuracy {value} against {earlier}, a difference of "
                    "{difference}."
                ),
            ),
            (
                rule("On this test set balancing raised it{here}.", verdict="raised"),
                rule("On this test set balancing lowered it{here}.", verdict="lowered"),
                rule("This run shows neither a benefit nor a harm.", verdict=("neither", "alike")),
            ),
            (rule("Without → with it: {moved} (for this error, less is better).", known=True),),
            MAJORITY[:2],
        ),
    ),
    Topic(
        "threshold",
        ranking.moved,
        (
            (
                rule(
                    "Only moving the threshold of “{arm}” to {cut}, chosen on validation, changes balanced accuracy "
                    "from {earlier} to {value}, by {difference}."
                ),
            ),
            (
                rule("On this test set that raised it{here}.", verdict="raised"),
                rule("On this test set that lowered it{here}.", verdict="lowered"),
                rule("This run shows neither a benefit nor a harm of it.", verdict=("neither", "alike")),
            ),
            (
                rule("", balancing="alone"),
                rule(
                    "The best balancing arm of the same model, “{rival}”, has {rival_value}, more than the threshold "
                    "alone{here}, by {beyond}.",
                    balancing="more",
                ),
                rule(
                    "The best balancing arm of the same model, “{rival}”, has {rival_value}, less than the threshold "
                    "alone{here}, by {beyond}.",
                    balancing="less",
                ),
                rule(
                    "The best balancing arm of the same model, “{rival}”, has {rival_value}, a difference of {beyond}: "
                    "balancing is not shown to do more than the threshold alone, nor less."
                ),
            ),
        ),
    ),
    Topic(
        "protocol",
        outside.protocols,
        (
            (
                rule(
                    "“{name}”: balanced accuracy {value} under “{first}”, {other_value} under “{other}”, a change of "
                    "{change}."
                ),
            ),
        ),
    ),
    Topic(
        "protocol",
        outside.memories,
        (
            (
                rule(
                    "In {fallen} of {arms} arms the fall is larger than chance. Under “{first}” the test part leaks "
                    "into training, so its figures measure memory too; those under “{other}” are the ones to expect "
                    "elsewhere at best."
                ),
            ),
        ),
    ),
    Topic("leak", worth, ((rule("In accuracy, the leak was worth {parts}."),),)),
    Topic(
        "leak",
        certainty.leaks,
        (
            (
                rule(
                    "{names} {verb}. {reason} {reached}. Such figures are shown for comparison only; they are no "
                    "evidence of how a model works on new cases."
                ),
            ),
        ),
    ),
    Topic(
        "published",
        outside.reported,
        (
            (rule("The publication reports {figure} {published} ({set_name}); “{name}” here reaches {value},"),),
            (
                rule("an interval that contains it.", side=0),
                rule("an interval that lies above it.", side=1),
                rule("an interval that lies below it.", side=-1),
            ),
        ),
    ),
    Topic(
        "published",
        outside.reports,
        (
            (
                rule(
                    "Of the {count} published figures measured here {inside} lie inside our interval, {above} above it "
                    "and {below} below it."
                ),
            ),
        ),
    ),
    Topic(
        "external",
        outside.nowhere,
        ((rule("No external set was given: whether any arm works {place} is not known."),),),
    ),
    Topic(
        "external",
        outside.externals,
        (
            (
                rule(
                    "On the external set “{set_name}” ({cases} {units}), “{name}” has balanced accuracy {value}; the "
                    "difference to the internal test is {change}.",
                    falls=None,
                ),
                rule(
                    "On the external set “{set_name}” ({cases} {units}), “{name}” has balanced accuracy {value} "
                    "against {internal} on the internal test, a change of {change}:"
                ),
            ),
            (
                rule("clearly worse there.", falls=-1),
                rule("the interval includes no change.", falls=0),
                rule("clearly better there.", falls=1),
            ),
            (
                rule(
                    "It still ranks cases there, with an AUC of {auc}, but its decisions are not shown to be better "
                    "than guessing ({guess}): {errors}.",
                    decisions=0,
                    ranking=1,
                ),
                rule(
                    "It still ranks cases there, with an AUC of {auc}, but its decisions are worse than guessing "
                    "({guess}): {errors}.",
                    decisions=-1,
                    ranking=1,
                ),
                rule(
                    "Neither its decisions nor its ranking are shown to be better than guessing there: AUC {auc}, "
                    "{errors}.",
                    decisions=(-1, 0),
                    ranking=0,
                ),
                rule(
                    "It ranks the cases there the wrong way round, with an AUC of {auc}: {errors}.",
                    decisions=(-1, 0),
                    ranking=-1,
                ),
                rule("The AUC there is {auc}: {errors}.", ranking=(-1, 0, 1)),
            ),
            MAJORITY[:2],
        ),
    ),
    Topic(
        "external",
        outside.externals,
        (
            (
                rule(
                    "The threshold of “{name}” does not transfer to “{set_name}”: with one set anew there, chosen on "
                    "one half of the {people} and judged on the other, balanced accuracy is {local} ({local_errors}), "
                    "higher by {gain}. So before any use there, set the threshold on cases from there.",
                    threshold="stays",
                ),
                rule(
                    "Another threshold of “{name}” would suit “{set_name}” better: with one set anew there, chosen on "
                    "one half of the {people} and judged on the other, balanced accuracy is {local} ({local_errors}), "
                    "higher by {gain}.",
                    threshold="unsuited",
                ),
                rule(
                    "A threshold of “{name}” set anew on “{set_name}”, chosen on one half of the {people} and judged "
                    "on the other, is not shown to mend it: balanced accuracy {local} ({local_errors}), a change of "
                    "{gain}.",
                    threshold="blameless",
                ),
            ),
        ),
    ),
    Topic(
        "external",
        outside.externals,
        (
            (
                rule(
                    "Of the {arms} arms measured on “{set_name}”, {fallen} fell with an interval wholly below zero.",
                    several=True,
                ),
            ),
        ),
    ),
    Topic(
        "opened",
        opened.opened,
        (
            (
                rule("As far as this computer knows, {names} {has} never been opened.", how="never"),
                rule("As far as this computer knows, {names} {has} been opened once, by this study.", how="once"),
                rule("As far as this computer knows, {names} {has} been opened {times} by {studies}."),
            ),
            (
                rule("", how=("never", "once")),
                rule(
                    "Whoever changes a study after seeing its figures, and tests it on the same cases again, chooses "
                    "by them: the more often, the more the best figure flatters."
                ),
            ),
        ),
    ),
    Topic(
        "caution",
        certainty.trained,
        (
            (
                rule("", how="once"),
                rule("Each arm was trained with one seed ({seed}) in each fold.", how="folds"),
                rule(
                    "Each arm was trained with {seeds} seeds: its figures are the mean over them, what to expect of "
                    "one training, and their intervals say how far seeds and the choice of {part} {people} move them;",
                    how="seeds",
                ),
            ),
            (
                rule("The intervals say how far the choice of {part} {people} moves a figure;", how=("once", "folds")),
                rule("", how="seeds"),
            ),
            (
                rule("another seed, another {place} or another year would move it as well.", how=("once", "folds")),
                rule("another {place} or another year would move them as well."),
            ),
            (rule("Intervals and p-values of differences between arms hold for all pairs of arms at once."),),
        ),
    ),
)
