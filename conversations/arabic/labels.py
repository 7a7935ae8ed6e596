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
    "my_data.see": """
        اشوف بياناتي، ابغى اشوف بياناتي، ابي اشوف بياناتي، اعرضوا بياناتي، وش عندكم عني، وروني بياناتي، عرض بياناتي،
        الاطلاع على بياناتي، see my data, show my data, show me my data
        """,
    "my_data.correct": """
        تعديل، تصحيح، تعديل بياناتي، اعدل بياناتي، ابغى اعدل بياناتي، ابي اعدل بياناتي، صححوا بياناتي، تحديث بياناتي،
        عندكم خطأ، في خطأ، خطأ في اسمي، عندكم خطأ في اسمي، اسمي غلط، بياناتي غلط،
        correct, correction, fix my data, update my data, my name is wrong
        """,
    "my_data.copy": "نسخة، ابغى نسخة، ابي نسخة، ارسلوا لي نسخة، a copy, copy, send me a copy",
    "my_data.erase": """
        حذف، احذفوا، احذفوا بياناتي، امسحوا بياناتي، احذف بياناتي، امسح بياناتي، ابغى احذف بياناتي، ابي احذف بياناتي،
        احذفوا كل شي، امسحوا كل شي، احذفوا كل شيء، delete, erase, delete my data, erase my data
        """,
    "my_data.channel": """
        طريقة التواصل، غير طريقة التواصل، غيروا طريقة التواصل، تغيير طريقة التواصل، ابغى اغير طريقة التواصل،
        تغيير وسيلة التواصل، غيروا وسيلة التواصل، طريقة ثانية، وسيلة ثانية، التواصل، channel, another channel
        """,
    "my_data.messages": """
        الرسائل، الرسايل، رسايلكم، رسائلكم، وقفوا الرسايل، لا ترسلون لي رسايل، لا ترسلوا لي رسائل، messages,
        your messages
        """,
    "agreed.branch": "المكتب، مكتب، الفرع، اجيكم، احضر، مقركم، office",
}
