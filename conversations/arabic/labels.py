"""What else people call the house's own choices, such as who applies and how to reach them. Folded when read."""

_KIN = """
    امي، ابوي، والدتي، والدي، زوجي، زوجتي، جدتي، جدي، اختي، اخوي، اخي، خالتي، خالي، عمتي، عمي
    """
_CHILD = "ولدي، ابني، بنتي، ابنتي، طفلي، طفلتي، عيالي، اولادي، بناتي، اطفالي، يتيم، يتيمة، يتيم عندي"


def _for(words: str) -> str:
    """«أمي» and «لأمي» alike."""
    return "،".join(f"{word.strip()}، ل{word.strip()}" for word in words.split("،"))


LABELS: dict[str, str] = {
    "applies.self": "لي، لنفسي، نفسي، عن نفسي، لي انا، me, for me, myself, for myself",
    "applies.relative": f"""
        {_for(_KIN)}، الوالدة، للوالدة، الوالد، للوالد، my mother, my father, my husband, my wife, mother, father
        """,
    "applies.guardian": f"{_for(_CHILD)}، my child, my son, my daughter, my kids",
    "agreed.here": "هنا، على هنا، نفس المحادثة، نفس هذا، here, this chat",
    "agreed.phone": """
        اتصال، الاتصال، اتصلوا، مكالمة، جوال، الجوال، بالجوال، على الجوال، هاتف، الهاتف، تلفون، call, phone, a call
        """,
    "agreed.whatsapp": "واتس، الواتس، واتس اب، الواتس اب، الواتساب، على الواتس، بالواتس",
    "agreed.sms": "رسالة، رسايل، رسائل، رسالة جوال، رسالة على الجوال، text, text message",
    "agreed.email": "ايميل، الايميل، بالايميل، على الايميل، بريد الكتروني، البريد، mail, e mail",
    "harm.safe.not_now": "مو امن، مب امن، غير امن، ليس امنا، لا مو امن، لا مب امن، ماهو امن، not safe, its not safe",
    "agreed.branch": "المكتب، مكتب، الفرع، اجيكم، احضر، مقركم، office",
}
