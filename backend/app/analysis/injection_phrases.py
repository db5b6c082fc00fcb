"""Sentences that speak to a model instead of about a market: orders, roles, formats, tools, in the usual phrasings.

No list of phrases is complete. It raises a flag that people see; what keeps such text harmless is that it is quoted as
data to a member without tools, whose answer cannot place a trade.
"""

import html
import re
from typing import Final

# letters that pass for Latin ones, and the Latin ones they pass for
_PASSES_FOR: Final = str.maketrans(
    "АВЕКМНОРСТУХІЈЅԌԜԚаеорсухіјѕԁһԛԝӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχօսհ",
    "ABEKMHOPCTYXIJSGWQaeopcyxijsdhqwlABEZHIKMNOPTYXaiknoptuxouh",
)
_VOTE: Final = r"(?:strong[_ ]?(?:buy|sell)|buy|sell|hold|abstain|bullish|bearish)\b"
_MODEL: Final = (
    r"(?:ai|llm|language model|chat ?bot|assistant|gpt|claude|llama|ai agent|ai model|ai assistant|trading bot)s?\b"
)
_TOLD: Final = r"\byou (?:were|have been) (?:told|given|instructed|shown|asked)\b"

# Each begins with a word, which is what makes the search quick: all text is in lower case by then.
_WORDS: Final = (
    # what was said before is not to count
    r"(?:ignore|disregard|forget|override|bypass|overwrite|discard|skip)\b.{0,40}"
    r"\b(?:previous|prior|above|earlier|preceding|foregoing|your|system|all|any|these|those|existing|original|safety)\b"
    r".{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|orders?|training|constraints|"
    r"restrictions|programming|context|messages?|task)\b",
    r"(?:ignore|disregard|forget)\b.{0,30}(?:\binstructions?\b|\b(?:all|everything|anything)\b.{0,15}\b(?:above|before|"
    r"so far|you know from)\b|\bthe above\b|" + _TOLD + ")",
    r"(?:do not|don't|never|stop) (?:follow|obey|following|obeying)\b.{0,40}\b(?:instructions?|prompts?|guidelines)\b",
    r"(?:your|previous|prior|earlier|above|original|initial) (?:\w+ )?(?:instructions|prompt)\b",
    r"ignor\w{1,4}\b.{0,30}\b(?:instruc\w|instruktion|anweisung|istruzion)",
    r"(?:vergiss|missachte|olvida|oublie[zs]?|dimentica)\b.{0,40}\b(?:instruc\w|anweisung|istruzion)",
    r"игнорируй\w*.{0,40}(?:инструкци|указани)",
    # who the reader is to be
    r"you are (?:now|no longer|actually) (?:an?|the|in|bound|free|operating|acting|required)\b",
    r"you are (?:an? |the )?(?:\w+ ){0,3}" + _MODEL,
    r"you are an? (?:bullish|bearish)\b",
    r"you have an? new (?:objective|task|role|goal|mission|instruction)",
    r"as an? ai (?:language )?(?:model|assistant|system)\b",
    r"(?:act|behave|respond|operate) as (?:if you\b|though you\b|an? (?:\w+ ){0,2}" + _MODEL + ")",
    r"(?:simulate|imitate|impersonate) an? (?:\w+ )?(?:analyst|assistant|trader|model)\b",
    r"pretend (?:to be|you|that you)\b",
    r"(?:let us|let's) (?:role-?play|pretend)\b",
    r"role-?play as\b",
    r"(?:do anything now|dan mode|unrestricted mode|jailbreak mode|developer mode (?:enabled|activated|on))\b",
    r"your (?:new |real |actual |only |updated )?(?:task|role|objective|directive)s?(?: now)? (?:is|are|has|have)\b",
    r"your vote (?:must|should|has to|will)\b",
    # who speaks, and to whom
    r"new (?:system|developer|assistant|human|user)(?: (?:prompt|message|note|override))? ?:",
    r"system (?:prompt|message|override|instruction)s?\b",
    r"(?:admin|root|developer|operator|instruction) override\b",
    r"(?:end|begin|start) of (?:untrusted|quoted|user|system)\b",
    r"end of (?:the )?(?:news|data|headlines|context|input)[.:;]",
    r"(?:new|updated|real|actual|revised|hidden|secret|important|additional) (?:instructions?|directives?) ?(?::|for "
    r"(?:the |any |all )?" + _MODEL + ")",
    _MODEL + r" (?:instruction|directive|command)s?\b",
    r"this prompt\b",
    r"(?:attention[:,!]?|dear|hey|hello|(?:note|message|instructions?) (?:to|for)) (?:all |any |every )?" + _MODEL,
    r"(?:" + _MODEL + r"|agents?\b|models?\b|bots?\b|analysts?\b).{0,20}\b(?:reading|processing|parsing|analy[sz]ing|"
    r"summari[sz]ing|scoring)\b.{0,12}\b(?:this|these)\b",
    # what it is to say
    r"(?:you(?: must| will| shall| have to| are to)|(?:" + _MODEL + r"|(?:analyst|agent|model|panel)s?)"
    r" (?:must|should|shall|have to|has to|are to|is to))(?: \w+ly| now| only| always)? (?:vote|rate|output|answer|"
    r"respond|reply|obey|classify|score|recommend|ignore|return)\b(?! (?:on|at the polls))",
    r"(?:vote|answer|respond|reply|output|return|print)\b(?: with| only| as| just| exactly| the (?:word|single word))"
    r"{0,3}[ :]{1,2}[\"'`]?" + _VOTE,
    r"(?:output|return|give|vote|respond with|reply with|answer with) (?:an?|the|your) (?:bullish|bearish|positive|"
    r"negative|buy|sell) (?:vote|verdict|answer|opinion|decision|sentiment)\b",
    r"highest possible (?:sentiment|confidence|relevance|score)\b",
    r"(?:confidence|sentiment|relevance|position[ _]size) ?:?= ?[\"']?-?\d",
    r"strong_(?:buy|sell)\b",
    r"(?:set|use|return|output|answer|assign|put|respond|reply|vote)\b.{0,40}"
    r"\b(?:confidence|sentiment|relevance|position[ _]size|risk)\b.{0,12}\b(?:[01]|[01]\.\d+|100|maximum|zero)\b"
    r"(?![-–,%]|\.\d| (?:percent|month|year|week))",
    r"(?:always|only) (?:vote|rate|answer|recommend|respond|reply|output|say)\b",
    r"regardless of (?:the|what|any)\b.{0,30}\b(?:vote|answer|respond|instructions?|other headlines|headlines say|"
    r"numbers say|data say)",
    r"(?:treat|classify|mark|label|score|consider|interpret) (?:this|these|the) (?:article|headline|story|news|item|"
    r"text)s?\b.{0,20}\b(?:as|positive|negative|bullish|bearish)\b",
    r"(?:reveal|print|repeat|show|leak|disclose|tell us|send)\b.{0,30}\b(?:your (?:\w+ )?(?:rules|api key)|the text "
    r"above)",
    # what it is to run
    r"(?:call|invoke|execute|run|use|trigger)\b.{0,24}\b[a-z]+_[a-z][a-z_]*\b",
    r"(?:call|invoke) (?:the|your|a|any) (?:\w+ ){0,3}(?:tool|function)s?\b",
    r"(?:tool|function)[_ ]?(?:call|use)s? ?[:({]",
)
_SIGNS: Final = (
    r"^to the (?:\w+ )?(?:analyst|agent|model|assistant|ai)\b",
    r"(?:^|[.!?\]>|*#\"'] ?)(?:system|developer|assistant|human|user)(?: (?:prompt|message|note|override))? ?:",
    r"[\[<({#]{1,3} ?/?(?:system|inst|assistant|im_start|im_end|sys)\b",
    r"<\|?(?:im_start|im_end|system|user|assistant|endoftext)\|?>|```",
    r"[\]>*#=_-]{2} ?(?:end|begin|start) of\b",
    r"[\"'](?:decision|confidence|sentiment|relevance|position_size)[\"'] ?:",
    r"忽略.{0,12}(?:指令|指示|说明|提示|规则)|無視.{0,12}指示|指示.{0,6}無視",
)
_INJECTION: Final = re.compile(rf"\b(?:{'|'.join(_WORDS)})|{'|'.join(_SIGNS)}")
_SHOUTED: Final = re.compile(
    r"(?:\b(?:[Aa]nd|[Oo]nly|[Jj]ust|[Mm]ust|[Ss]imply|[Aa]lways)|,) say,? [\"'`]?(?:(?:STRONG )?(?:BUY|SELL)|HOLD)\b"
)
_SPACES: Final = re.compile(r"\s+")


def speaks_to_a_model(*forms: str) -> bool:
    """Whether a text, in any of the forms in which it may be read, gives orders to whoever reads it for us."""
    spelled = {" ".join(_SPACES.split(html.unescape(each))).strip() for each in forms}
    folded = {each.translate(_PASSES_FOR) for each in spelled if not each.isascii()}
    return any(_SHOUTED.search(each) or _INJECTION.search(each.lower()) for each in spelled | folded)
