package forum

import (
	"github.com/stretchr/testify/require"

	"ponti/internal/pg"
)

// backs takes the tables back before a migration, the newest first; 2 stands for all before the kinds of threads.
var backs = []struct {
	version int
	sql     string
}{
	{33, `alter table forum_reads add constraint forum_reads_service_id_fkey foreign key (service_id) references account_services`},
	{31, `alter table forum_threads add column merged_voices integer not null default 0`},
	{29, `alter table forum_round_tables drop column acted_at`},
	{28, `drop table forum_reveals; alter table forum_posts drop column voice; alter table forum_threads drop column voice, drop column voices, drop column merged_voices;
		alter table forum_held drop column nameless; alter table forum_categories drop column nameless`},
	{27, `drop table forum_proposals`},
	{26, `drop table forum_ballot_voters, forum_ballot_options, forum_ballots, forum_round_guests, forum_round_hands, forum_round_points, forum_round_writings, forum_round_tables`},
	{25, `drop table forum_events, forum_feeds; alter table forum_threads drop column beside`},
	{24, `alter table forum_drafts drop column post_id, drop column post_version; alter table forum_post_versions drop column cid`},
	{23, `drop index forum_threads_by_merged; alter table forum_threads drop column merged_title, drop column merged_opening; alter table forum_subscriptions drop column through;
		alter table forum_held drop column came_from; alter table forum_drafts drop column came_from`},
	{22, `drop table forum_former_places; alter table forum_threads drop column former_until, drop column split_from`},
	{21, `drop table forum_visits`},
	{20, `drop table forum_digests, forum_digest_ways, forum_digest_asked`},
	{19, `drop table forum_mentions`},
	{18, `drop table forum_approvals; alter table forum_held drop column version, drop constraint forum_held_of_author;
		alter table forum_threads drop column approved_by, drop column approved_with, drop column abstract, drop column closed_to_replies`},
	{17, `drop index forum_threads_unanswered`},
	{16, `alter table forum_threads drop column kind; alter table forum_held drop column kind`},
	{2, `alter table forum_threads drop column answer, drop column merged_into, drop column merged_after, drop column moved_from;
		alter table forum_posts drop column notes, drop column added_notes, drop column reacted, drop column changes; alter table forum_post_versions drop column notes;
		drop table forum_mutes, forum_filters, forum_reactions, forum_subscriptions, forum_held, forum_drafts, forum_page_versions, forum_pages;
		drop index forum_posts_by_author; drop index forum_posts_by_time; alter table forum_posts drop column words; drop table forum_words, forum_reads;
		alter table forum_threads drop column locked_reason, drop column pinned_at`},
}

// migrateFrom has the tables as they were before a migration, with what is in them, and brings them up to date.
func (w *town) migrateFrom(version int) {
	w.t.Helper()
	ctx := w.t.Context()
	for _, b := range backs {
		if b.version >= version {
			_, err := w.pool.Exec(ctx, b.sql)
			require.NoError(w.t, err, "back before %d", b.version)
		}
	}
	_, err := w.pool.Exec(ctx, `delete from forum_migrations where version_id >= $1`, version)
	require.NoError(w.t, err)
	require.NoError(w.t, pg.Migrate(ctx, w.pool.Config().ConnString(), Migrations()))
	w.pool.Reset() // statements prepared for the old tables
}
