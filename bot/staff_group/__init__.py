"""The staff's own Telegram group: one topic for each conversation that waits for a person, mirrored both ways.

    room.py     the front door: whose update it is, and the binding of a Telegram account to a worker's
    acts.py     what staff do there: a reply, a file, /take, /done, /note, /case, closing a topic
    gate.py     who may, asked anew at every act
    mirror.py   the round that makes topics and brings what is new into them
    scene.py    what a topic needs to know of its conversation
    lines.py    how a transcript reads there: full, masked, or as a link to the desk (the profile says which)
    turns.py    whose turn it is, how fast, and what follows from a call that failed
    group.py    the calls of the Bot API, and what follows from what Telegram answers

What cannot be promised, because Telegram cannot be asked: if a process dies, or the line breaks, after Telegram made a
topic and before we know its number, the topic is made again, and an empty one with the same name stays behind. Whoever
writes in such a topic is told that nothing written there arrives, and it is closed. A message that may have arrived is
sent once more, marked, never a third time. That somebody deleted a topic shows only when we write into it.
"""
