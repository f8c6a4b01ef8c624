"""Makes the classifier and the mixture of the models that the roster knows."""

from collections.abc import Callable
from dataclasses import replace

from mom.errors import ParameterError
from mom.mixture.classifier import Classifier, ClassifierChoice, SmallLlmStage, ready_at_once
from mom.mixture.correction_stage import CorrectionStage
from mom.mixture.paths import Mixture
from mom.mixture.ports import ClassifierStage, KnownCorrections, PictureKeeper
from mom.models.bert.options import BertOptions
from mom.models.bert.stage import DEFAULT, BertStage
from mom.models.large_llm_stage import LargeLlmStage
from mom.models.regex_stage import RegexStage
from mom.models.roster import Roster
from mom.models.self_test.self_test import SelfTest, TestedSmallLlmStage

LARGE_LLM = "large-llm"
LARGE_LLM_DEADLINE_S = 60.0


def make_classifier(
    choice: ClassifierChoice,
    deadline_s: float,
    roster: Roster,
    corrections: KnownCorrections | None = None,
    self_test: SelfTest | None = None,
    bert: BertStage | None = None,
    alone: BertOptions = DEFAULT,
) -> Classifier:
    """The classifier that `MOM_CLASSIFIER` names; the cascade goes by `corrections` first, then by `bert`.
    `alone` is how `bert` decides without a next stage.
    """
    small_llm = SmallLlmStage(roster.small_llm())
    stages: list[ClassifierStage]
    until_ready = ready_at_once
    match choice:
        case ClassifierChoice.REGEX:
            stages = [RegexStage()]
        case ClassifierChoice.BERT:
            bert = BertStage(alone, decides_always=True)
            stages = [bert]
            until_ready = bert.load
        case ClassifierChoice.SMALL_LLM:
            stages = [small_llm]
        case ClassifierChoice.CASCADE:
            stages = [CorrectionStage(corrections)] if corrections else []
            if bert:
                stages.append(bert)
                until_ready = bert.load
            stages.append(TestedSmallLlmStage(small_llm, self_test) if self_test else small_llm)
    return Classifier(stages, deadline_s, until_ready)


def make_named_classifier(
    roster: Roster, deadline_s: float, options: BertOptions, self_test: SelfTest, name: str
) -> Classifier:
    """The classifier of that name, to be measured: also `large-llm`, which no chat uses. Raises `ParameterError`.

    The cascade waits until its small LLM has been tested, and so decides as it does in a chat then.
    """
    if name == LARGE_LLM:
        return Classifier([LargeLlmStage(roster)], LARGE_LLM_DEADLINE_S)
    if name not in set(ClassifierChoice):
        there_are = ", ".join((*ClassifierChoice, LARGE_LLM))
        raise ParameterError(f"There is no classifier {name!r}. There are {there_are}.", param="classifier")
    choice = ClassifierChoice(name)
    classifier = make_classifier(choice, deadline_s, roster, None, self_test, BertStage(options), options)
    return (
        replace(classifier, until_ready=self_test.wait_for_report) if choice is ClassifierChoice.CASCADE else classifier
    )


def make_mixture(
    roster: Roster, classifier: Classifier, may_speculate: Callable[[], bool], pictures: PictureKeeper
) -> Mixture:
    """The models that answer; pictures are kept by `pictures`."""
    return Mixture(
        classifier=classifier,
        large_llm=roster.large_llm(),
        vision_llm=roster.vision_llm(),
        image_model=roster.image_model(),
        pictures=pictures,
        may_speculate=may_speculate,
        can_see=roster.can_see,
    )
