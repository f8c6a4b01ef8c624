"""Makes the classifier and the mixture of the models that the roster knows."""

from collections.abc import Callable
from dataclasses import dataclass

from mom.errors import ParameterError
from mom.mixture.classifier import Classifier, ClassifierChoice, SmallLlmStage, tell_nobody
from mom.mixture.conversation import Conversation
from mom.mixture.correction_stage import CorrectionStage
from mom.mixture.paths import Mixture
from mom.mixture.ports import ClassifierStage, KnownCorrections, PictureKeeper
from mom.mixture.verdict import Verdict
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
    bert: ClassifierStage | None = None,
    alone: BertOptions = DEFAULT,
) -> Classifier:
    """The classifier that `MOM_CLASSIFIER` names; the cascade goes by `corrections` first, then by `bert`.
    `alone` is how `bert` decides without a next stage.
    """
    small_llm = SmallLlmStage(roster.small_llm())
    stages: list[ClassifierStage]
    match choice:
        case ClassifierChoice.REGEX:
            stages = [RegexStage()]
        case ClassifierChoice.BERT:
            stages = [BertStage(alone, decides_always=True)]
        case ClassifierChoice.SMALL_LLM:
            stages = [small_llm]
        case ClassifierChoice.CASCADE:
            stages = [CorrectionStage(corrections)] if corrections else []
            stages += [bert] if bert else []
            stages += [TestedSmallLlmStage(small_llm, self_test) if self_test else small_llm]
    return Classifier(stages, deadline_s)


@dataclass(frozen=True)
class TestedClassifier(Classifier):
    """A classifier to be measured as it decides in a chat: once its small LLM has been tested."""

    self_test: SelfTest

    async def classify(self, conversation: Conversation, on_asking: Callable[[str], None] = tell_nobody) -> Verdict:
        await self.self_test.wait_for_report()
        return await super().classify(conversation, on_asking)


def make_named_classifier(
    roster: Roster, deadline_s: float, options: BertOptions, self_test: SelfTest, name: str
) -> Classifier:
    """The classifier of that name, to be measured: also `large-llm`, which no chat uses. Raises `ParameterError`."""
    if name == LARGE_LLM:
        return Classifier([LargeLlmStage(roster)], LARGE_LLM_DEADLINE_S)
    if name not in set(ClassifierChoice):
        there_are = ", ".join((*ClassifierChoice, LARGE_LLM))
        raise ParameterError(f"There is no classifier {name!r}. There are {there_are}.", param="classifier")
    choice = ClassifierChoice(name)
    classifier = make_classifier(choice, deadline_s, roster, None, self_test, BertStage(options), options)
    is_tested = choice is ClassifierChoice.CASCADE
    return TestedClassifier(classifier.stages, deadline_s, self_test) if is_tested else classifier


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
