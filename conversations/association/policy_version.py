"""Which version of its policy an association follows: what a worker signs, and signs again when it changes."""

import hashlib
import json

from conversations.association.profile import Profile


def policy_version(profile: Profile) -> str:
    """Twelve hexadecimal digits over the policy's title, approval and every clause's words."""
    policy = profile.policy
    read = [
        *(policy.title.ar, policy.approval_printed, str(policy.approved or ""), policy.supersedes),
        *((clause.id, clause.text) for clause in profile.clauses),
    ]
    return hashlib.sha256(json.dumps(read, ensure_ascii=False).encode()).hexdigest()[:12]
