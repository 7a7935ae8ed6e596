"""The staff's own Telegram group: one topic for each conversation that waits for a person, mirrored both ways.

    group.py    the calls of the Bot API, and what follows from what Telegram answers
    lines.py    how a transcript reads in a topic: full, masked, or as a link to the desk (the profile says which)
    mirror.py   the round that makes topics and brings what is new into them, in the group's pace
    acts.py     what staff do there: a reply, a file, /take, /done, /note, /case, closing a topic
    room.py     the front door: whose update it is, who wrote it, and the binding of a Telegram account to a worker's

What cannot be promised, because Telegram cannot be asked: if a process dies, or the line breaks, after Telegram made a
topic and before we know its number, the topic is made again, and an empty one with the same name stays behind. Whoever
writes in such a topic is told that nothing written there arrives, and it is closed. A message that may have arrived is
sent once more, marked, never a third time. That somebody deleted a topic shows only when we write into it.
"""
