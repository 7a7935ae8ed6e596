"""What is counted, for Prometheus: numbers by association, channel and code, never who or what."""

from prometheus_client import Counter, Gauge, Histogram

received = Counter("wasl_received_total", "Events taken in", ["association", "channel"])
refused = Counter("wasl_refused_total", "Requests refused at the door", ["channel", "why"])
unused = Counter("wasl_unused_total", "Updates read and not used", ["channel", "what"])
duplicates = Counter("wasl_duplicates_total", "Events that came twice")
quarantined = Counter("wasl_quarantined_total", "Events set apart after failing alone")
spooled = Counter("wasl_spooled_total", "Webhook bodies kept in the spool while the database was away")
batch = Histogram("wasl_batch_events", "Events in one transaction", buckets=(1, 2, 4, 8, 16, 32, 64, 128))
sent = Counter("wasl_sent_total", "Messages the provider accepted", ["association", "channel"])
sms_segments = Counter("wasl_sms_segments_total", "Segments of text messages: what is paid for", ["association"])
cost = Counter("wasl_cost_total", "What providers charged for messages", ["association", "channel", "unit"])
cost_troubles = Counter("wasl_cost_troubles_total", "Lists of prices that did not come", ["association", "code"])
reported = Counter(
    "wasl_reported_total",
    "What providers said became of messages",
    ["association", "channel", "state"],
)
send_errors = Counter("wasl_send_errors_total", "Sends that failed", ["association", "channel", "code"])
sender_quality = Gauge("wasl_sender_quality", "How Meta rates a WhatsApp sender: 3 high, 1 low", ["association"])
polls = Counter("wasl_poll_troubles_total", "Failed polls", ["association", "trouble"])
unsettled = Gauge("wasl_unsettled", "Rows queued or being sent in this process")
notices = Gauge("wasl_notices", "Notices that are not settled, by state", ["association", "state"])
legs = Counter("wasl_legs_total", "Ways of notices, by how they ended", ["association", "channel", "end"])
backlog = Gauge("wasl_backlog", "Messages that wait to go now", ["association", "channel"])
backlog_age = Gauge("wasl_backlog_oldest_seconds", "How long the oldest of them has waited", ["association", "channel"])
reminders = Counter("wasl_reminders_total", "Reminders of deadlines to staff", ["association", "by"])
