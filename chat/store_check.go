package chat

// An invariant is a query that counts what must not be. The names are stable: an auditor's alarm quotes them.
type invariant struct{ name, sql string }

// overdue are those that time alone can break; an index answers each.
var overdue = []invariant{
	{"offer_overdue", `select count(*) from chat_offers where state = 'open' and expires_at < now() - interval '10 s'`},
	{"place_forgotten", `select count(*) from chat_places where state in ('waiting', 'offered') and not kept and case when away_at is null then seen_at < now() - interval '5 min 10 s'
		else told_at < now() - interval '15 min 10 s' or away_at < now() - interval '3 h 10 s' end`},
	{"left_alone", `select count(*) from chat_places p join chat_rooms r on r.id = p.room_id
		where p.again and p.state in ('waiting', 'offered') and p.tutor_called_at is null and r.created_at < now() - interval '70 s'`},
	{"unread_too_long", `select (select count(*) from chat_messages where level = -1 and at < now() - interval '10 s')
		+ (select count(*) from chat_places where level = -1 and created_at < now() - interval '10 s')`},
	{"kept_too_long", `select (select count(*) from chat_rooms where kept_until < now() - interval '1 h')
		+ (select count(*) from chat_rooms where state = 'ended' and kept_until is null and ended_at < now() - interval '1 h')`},
}

// invariants are all of them.
var invariants = append([]invariant{
	{"room_with_a_hole", `select count(*) from (select room_id from chat_messages group by room_id having count(*) <> max(seq) or min(seq) <> 1) x`},
	{"room_head_wrong", `select count(*) from chat_rooms r where last_seq <> (select count(*) from chat_messages m where m.room_id = r.id)`},
	{"instants_against_sequence", `select count(*) from chat_messages a join chat_messages b on b.room_id = a.room_id and b.seq = a.seq + 1 where b.at < a.at`},
	{"constraint_missing", `select count(*) from unnest(array['chat_messages_pkey', 'chat_messages_once', 'chat_places_one_state',
		'chat_messages_flagged_is_escalated', 'chat_places_flagged_is_escalated']) n where not exists (select from pg_constraint where conname = n and convalidated)`},
	{"index_missing", `select count(*) from unnest(array['chat_places_one_open_per_person', 'chat_offers_one_open_per_place',
		'chat_offers_one_open_per_esp', 'chat_offers_one_accepted_per_place', 'chat_participants_cap']) n
		where not exists (select from pg_class c join pg_index i on i.indexrelid = c.oid where c.relname = n and i.indisunique and i.indisvalid)`},
	{"message_of_nobody", `select count(*) from chat_messages m where not exists (select from chat_participants p
		where p.room_id = m.room_id and p.number = m.number and p.account_id = m.sender_id and p.service_id = m.service_id)`},
	{"change_of_nothing", `select count(*) from chat_messages c where c.about is not null and not exists (select from chat_messages m
		where m.room_id = c.room_id and m.seq = c.about and m.sender_id = c.sender_id and m.kind = 'text' and m.changed_seq >= c.seq)`},
	{"change_not_the_last", `select count(*) from chat_messages m where m.changed_seq is not null
		and m.changed_seq is distinct from (select max(c.seq) from chat_messages c where c.room_id = m.room_id and c.about = m.seq)`},
	{"read_beyond_the_last", `select count(*) from chat_participants p join chat_rooms r on r.id = p.room_id where p.read_seq > r.last_seq`},
	{"message_without_room", `select count(*) from chat_messages m where not exists (select from chat_rooms r where r.id = m.room_id)`},
	{"place_and_room_disagree", `select count(*) from chat_places p join chat_rooms r on r.id = p.room_id
		where r.state <> case p.state when 'in_session' then 'open' when 'ended' then 'ended' else 'waiting' end`},
	{"room_without_place", `select count(*) from chat_rooms r where not exists (select from chat_places p where p.room_id = r.id)`},
	{"offered_though_away", `select count(*) from chat_places where away_at is not null and state <> 'waiting'`},
	{"wake_of_nobody", `select count(*) from chat_wakes w join chat_places p on p.id = w.place_id where p.state = 'ended'`},
	{"offered_without_offer", `select count(*) from chat_places p where p.state = 'offered' and not exists (select from chat_offers o where o.id = p.offer_id and o.state = 'open')`},
	{"offer_of_nobody", `select count(*) from chat_offers o where o.state = 'open' and not exists (select from chat_places p where p.offer_id = o.id and p.state = 'offered')`},
	{"offer_to_the_busy", `select count(*) from chat_offers o where o.state = 'open'
		and (select count(*) from chat_participants p where p.account_id = o.esp_id and p.part = 'esp' and p.left_at is null)
			>= case when exists (select from chat_pairs c where c.account_id = o.esp_id and c.until > o.made_at) then 2 else 1 end`},
	{"offer_to_who_pauses", `select count(*) from chat_offers o join chat_pauses s on s.account_id = o.esp_id where o.state = 'open'`},
	{"open_room_without_helper", `select count(*) from chat_rooms r where state = 'open' and not exists (select from chat_participants p where p.room_id = r.id and p.part <> 'person')`},
	{"open_room_without_person", `select count(*) from chat_rooms r where state = 'open' and not exists (
		select from chat_participants p where p.room_id = r.id and p.number = 1 and p.account_id = r.person_id and p.left_at is null)`},
	{"ended_room_with_people", `select count(*) from chat_participants p join chat_rooms r on r.id = p.room_id where r.state = 'ended' and p.left_at is null`},
}, overdue...)
