package web

import (
	"net/http"

	"ponti/account"
)

// route is one line of the table: what is asked for, who may ask, which acts of the authorization matrix it stands for, who answers.
type route struct {
	pattern string
	guard   guard
	acts    []account.Action
	handle  func(w http.ResponseWriter, r *http.Request) error
}

// guard is the second lock, after the use-case's own: the roles a route is open to. An empty guard lets everybody in.
type guard []account.Role

var (
	everybody guard
	inside    = may(account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior, account.RoleTutor,
		account.RoleAdmin, account.RoleAuditor)
	onShift = may(account.RoleESP, account.RoleSenior, account.RoleTutor)
	admin   = may(account.RoleAdmin)
	persons = may(account.RoleGuest, account.RoleMember, account.RoleFamily)
	peers   = may(account.RoleESP, account.RoleSenior)
	talkers = may(account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior, account.RoleTutor)
	readers = may(account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior, account.RoleTutor)
)

// may names the roles of a guard.
func may(roles ...account.Role) guard { return roles }

// acts names the matrix rows of a route.
func acts(a ...account.Action) []account.Action { return a }

// routes is every route. A test holds the table to the authorization matrix, both ways.
func (s *Server) routes() []route {
	public, own := acts(account.PublicPageRead), acts(account.ProfileReadOwnEditOwn)
	readRoom := acts(account.ConversationReadContent, account.ConversationReadAfterItIsClosed, account.BreakGlassOpenAConversation,
		account.EscalationSeeStateOfOneOwn, account.AuditLogSeeWhoOpenedMyConversation)
	reading := acts(account.ForumCategoryReadMembersOnly, account.ForumCategoryReadFamilyOnly, account.ForumCategoryReadStaffOnly)
	writing := acts(account.PostWriteEditOwnDeleteOwn)
	arranging := acts(account.PostWriteEditOwnDeleteOwn, account.ThreadLockMovePin)
	return []route{
		// The front, and pages for everybody.
		{"GET /{$}", everybody, public, s.showFront},
		{"GET /numbers", everybody, public, s.showNumbers},
		{"GET /how-it-works", everybody, public, s.showHowItWorks},
		{"GET /information", everybody, public, s.showInformation},
		{"GET /information/{slug}", everybody, public, s.showInformationPage},
		{"GET /sitemap.xml", everybody, public, s.showSitemap},
		{"GET /privacy", everybody, public, s.showPrivacy},
		{"GET /accessibility", everybody, public, s.showAccessibility},
		{"GET /leaving", everybody, public, s.showLeaving},
		{"GET /offline", everybody, public, s.showOffline},
		{"POST /language", everybody, public, s.chooseLanguage},
		{"GET /exit", everybody, public, s.showExit},
		{"POST /exit", everybody, public, s.leaveQuickly},

		// Entering, and one's own access.
		{"GET /enter", everybody, public, s.showEnter},
		{"POST /enter", everybody, public, s.chooseName},
		{"POST /enter/name", everybody, public, s.enterAsGuest},
		{"GET /sign-up", everybody, public, s.showSignUp},
		{"POST /sign-up", everybody, public, s.signUp},
		{"GET /sign-in", everybody, public, s.showSignIn},
		{"POST /sign-in", everybody, public, s.signIn},
		{"GET /recover", everybody, public, s.showRecover},
		{"POST /recover", everybody, public, s.recoverAccess},
		{"GET /come-back", everybody, public, s.showComeBack},
		{"POST /come-back", everybody, public, s.comeBack},
		{"GET /first-admin", everybody, public, s.showFirstAdmin},
		{"POST /first-admin", everybody, public, s.createFirstAdmin},
		{"GET /invitation/{token}", everybody, public, s.showInvitation},
		{"POST /invitation", everybody, public, s.acceptInvitation},
		{"GET /access", inside, own, s.showAccess},
		{"GET /access/erase", persons, own, s.showErase},
		{"POST /access/erase", persons, own, s.eraseAccount},
		{"GET /reach", onShift, own, s.showReach},
		{"POST /reach/mail", onShift, own, s.addReachMail},
		{"POST /reach/push", onShift, own, s.addReachPush},
		{"POST /reach/quiet", onShift, own, s.changeQuiet},
		{"POST /reach/{reach}/confirm", onShift, own, s.confirmReach},
		{"POST /reach/{reach}/try", onShift, own, s.tryReach},
		{"POST /reach/{reach}/remove", onShift, own, s.removeReach},
		{"GET /push.js", everybody, public, s.showPushWorker},
		{"GET /turn.js", everybody, public, s.showTurnWorker},
		{"POST /sign-out", inside, own, s.signOut},
		{"POST /sign-out-everywhere", inside, own, s.signOutEverywhere},

		// The people who work here, the service's settings, the shifts.
		{"GET /people", may(account.RoleTutor, account.RoleAdmin), acts(account.AccountCreateStaffByInvitation, account.AccountSuspendLongerEnd), s.showPeople},
		{"POST /people/invitations", admin, acts(account.AccountCreateStaffByInvitation), s.invite},
		{"POST /people/{account}/tutor", admin, acts(account.AccountCreateStaffByInvitation), s.assignTutor},
		{"POST /people/{account}/categories", admin, acts(account.AccountCreateStaffByInvitation), s.assignCategories},
		{"POST /people/{account}/disable", may(account.RoleTutor, account.RoleAdmin), acts(account.AccountSuspendLongerEnd, account.AccountEndAnotherSessions), s.disableAccount},
		{"POST /people/{account}/enable", may(account.RoleTutor, account.RoleAdmin), acts(account.AccountSuspendLongerEnd), s.enableAccount},
		{"GET /service", may(account.RoleAdmin, account.RoleAuditor), acts(account.SettingsService), s.showService},
		{"GET /prepared", admin, acts(account.SettingsService), s.showPrepared},
		{"POST /prepared", admin, acts(account.SettingsService), s.addPrepared},
		{"GET /prepared/{text}/edit", admin, acts(account.SettingsService), s.showPreparedText},
		{"POST /prepared/{text}/edit", admin, acts(account.SettingsService), s.editPrepared},
		{"POST /prepared/{text}/remove", admin, acts(account.SettingsService), s.removePrepared},
		{"GET /pages", admin, acts(account.PublicPageEdit), s.showInformationDesk},
		{"GET /pages/new", admin, acts(account.PublicPageEdit), s.showNewInformation},
		{"POST /pages", admin, acts(account.PublicPageEdit), s.addInformation},
		{"GET /pages/{page}/edit", admin, acts(account.PublicPageEdit), s.showEditInformation},
		{"POST /pages/{page}/edit", admin, acts(account.PublicPageEdit), s.editInformation},
		{"POST /pages/{page}/remove", admin, acts(account.PublicPageEdit), s.removeInformation},
		{"POST /pages/{page}/versions/{version}", admin, acts(account.PublicPageEdit), s.takeInformationBack},
		{"POST /service/numbers", admin, acts(account.SettingsService), s.changeNumbers},
		{"POST /service/numbers/confirm", admin, acts(account.SettingsService), s.confirmNumbers},
		{"POST /service/conversation", admin, acts(account.SettingsService), s.changeConversation},
		{"POST /service/keeping", admin, acts(account.SettingsService), s.changeKeeping},
		{"POST /service/holding", admin, acts(account.SettingsService), s.changeHolding},
		{"POST /service/outside", admin, acts(account.SettingsService), s.changeOutside},
		{"GET /shifts", may(account.RoleESP, account.RoleSenior, account.RoleTutor, account.RoleAdmin), acts(account.ShiftSeeWhoIsOn, account.ConversationSeeTheWaitingList), s.showShifts},
		{"POST /shifts", may(account.RoleTutor, account.RoleAdmin), acts(account.ShiftPlan), s.planShift},
		{"POST /shifts/{shift}/remove", may(account.RoleTutor, account.RoleAdmin), acts(account.ShiftPlan), s.removeShift},
		{"POST /shifts/{account}/release", may(account.RoleTutor), acts(account.ShiftPlan), s.releasePeer},
		{"POST /shifts/{account}/two", may(account.RoleTutor), acts(account.ShiftPlan), s.allowTwo},
		{"POST /shifts/{account}/one", may(account.RoleTutor), acts(account.ShiftPlan), s.allowOne},
		{"POST /shifts/{account}/unblock", may(account.RoleTutor), acts(account.ConversationCloseLeave), s.unblock},
		{"POST /shifts/on", onShift, acts(account.ShiftGoOnOff), s.goOn},
		{"POST /shifts/off", onShift, acts(account.ShiftGoOnOff), s.goOff},

		// The waiting room, conversations, the ESP's desk.
		{"GET /waiting", persons, acts(account.ConversationAskForOne), s.showWaiting},
		{"POST /waiting", persons, acts(account.ConversationAskForOne), s.enterWaiting},
		{"POST /waiting/away", persons, acts(account.ConversationAskForOne), s.stepAway},
		{"POST /waiting/back", persons, acts(account.ConversationAskForOne), s.stepBack},
		{"POST /waiting/wake", persons, acts(account.ConversationAskForOne), s.wakeMe},
		{"POST /waiting/leave", persons, acts(account.ConversationAskForOne), s.leaveWaiting},
		{"GET /rooms", talkers, acts(account.ConversationList), s.showRooms},
		{"GET /rooms/{room}", talkers, readRoom, s.showRoom},
		{"GET /rooms/{room}/report", talkers, acts(account.ReportMake), s.showRoomReport},
		{"POST /rooms/{room}/report", talkers, acts(account.ReportMake), s.fileRoomReport},
		{"POST /rooms/{room}/messages", talkers, acts(account.MessageSend), s.postMessage},
		{"GET /rooms/{room}/end", talkers, acts(account.ConversationCloseLeave), s.showEnd},
		{"POST /rooms/{room}/end", talkers, acts(account.ConversationCloseLeave), s.endConversation},
		{"GET /rooms/{room}/messages/{seq}/edit", talkers, acts(account.MessageEditOrDeleteOwn), s.showChange},
		{"POST /rooms/{room}/messages/{seq}/edit", talkers, acts(account.MessageEditOrDeleteOwn), s.editMessage},
		{"POST /rooms/{room}/messages/{seq}/remove", talkers, acts(account.MessageEditOrDeleteOwn), s.removeMessage},
		{"GET /rooms/{room}/erase", persons, acts(account.ConversationCloseLeave), s.showEraseConversation},
		{"POST /rooms/{room}/erase", persons, acts(account.ConversationCloseLeave), s.eraseConversation},
		{"GET /rooms/{room}/hand-over", peers, acts(account.ConversationHandOver), s.showStepOut},
		{"POST /rooms/{room}/hand-over", peers, acts(account.ConversationHandOver), s.stepOut},
		{"GET /rooms/{room}/block", peers, acts(account.ConversationCloseLeave), s.showBlock},
		{"POST /rooms/{room}/block", peers, acts(account.ConversationCloseLeave), s.endAndBlock},
		{"POST /rooms/{room}/card", persons, acts(account.MessageSend), s.answerCard},
		{"POST /rooms/{room}/given", peers, acts(account.MessageSend), s.give},
		{"POST /given/{given}/remove", persons, own, s.putAway},
		{"POST /rooms/{room}/whispers", peers, acts(account.MessageSend), s.whisper},
		{secondLookPattern, peers, acts(account.MessageSend), s.secondLook},
		{"POST /rooms/{room}/more", talkers, acts(account.MessageSend), s.askForMoreTime},
		{"POST /rooms/{room}/feeling", persons, acts(account.ConversationCloseLeave), s.recordFeeling},
		{"GET /rooms/{room}/help", persons, acts(account.EscalationRaise), s.showHelp},
		{"POST /rooms/{room}/help", persons, acts(account.EscalationRaise), s.askForMoreHelp},
		{"POST /rooms/{room}/flag", peers, acts(account.EscalationRaise), s.flagConversation},
		{"POST /rooms/{room}/join", may(account.RoleTutor), acts(account.ConversationJoinVisibly), s.joinVisibly},
		{"GET /desk", peers, acts(account.ConversationAcceptTheNextOne, account.QueueLiveWall), s.showDesk},
		{"POST /desk/ready", peers, acts(account.ConversationAcceptTheNextOne), s.ready},
		{"POST /desk/offers/{offer}/accept", peers, acts(account.ConversationAcceptTheNextOne), s.acceptOffer},
		{"POST /desk/offers/{offer}/pass", peers, acts(account.ConversationAcceptTheNextOne), s.passOffer},

		// The forum.
		{"GET /forum", readers, reading, s.showBoards},
		{"GET /forum/search", readers, reading, s.showSearch},
		{"GET /forum/questions", onShift, reading, s.showQuestions},
		{"GET /forum/events", readers, reading, s.showEvents},
		{"POST /forum/events/address", readers, own, s.makeFeed},
		{"POST /forum/events/address/withdraw", readers, own, s.withdrawFeed},
		{"GET /calendar/{token}", everybody, public, s.showFeed},
		{"GET /forum/categories/{slug}", readers, reading, s.showThreads},
		{"GET /forum/categories/{slug}/new-event", onShift, acts(account.ThreadOpen), s.showNewEvent},
		{"POST /forum/categories/{slug}/events", onShift, acts(account.ThreadOpen), s.openEvent},
		{"GET /forum/categories/{slug}/rules", may(account.RoleESP, account.RoleSenior, account.RoleAdmin), acts(account.ForumCategoryChangeItsRulesText), s.showRules},
		{"POST /forum/categories/{slug}/rules", may(account.RoleESP, account.RoleSenior, account.RoleAdmin), acts(account.ForumCategoryChangeItsRulesText), s.changeRules},
		{"GET /forum/categories/{slug}/new", readers, acts(account.ThreadOpen), s.showNewThread},
		{"POST /forum/categories/{slug}/threads", readers, acts(account.ThreadOpen), s.openThread},
		{"GET /forum/threads/{thread}", readers, append(acts(account.PostReadHiddenOrHeld), reading...), s.showThread},
		{"GET /forum/threads/{thread}/event.ics", readers, reading, s.downloadEvent},
		{"GET /forum/threads/{thread}/event", onShift, arranging, s.showEventForm},
		{"POST /forum/threads/{thread}/event", onShift, arranging, s.changeEvent},
		{"GET /forum/threads/{thread}/cancel", onShift, arranging, s.showCancelEvent},
		{"POST /forum/threads/{thread}/cancel", onShift, arranging, s.cancelEvent},
		{"GET /forum/threads/{thread}/reply", readers, writing, s.showReply},
		{"POST /forum/threads/{thread}/posts", readers, writing, s.writePost},
		{"POST /forum/threads/{thread}/follow", readers, reading, s.followThread},
		{"POST /forum/threads/{thread}/unfollow", readers, reading, s.unfollowThread},
		{"GET /forum/threads/{thread}/lock", onShift, acts(account.ThreadLockMovePin), s.showLock},
		{"POST /forum/threads/{thread}/lock", onShift, acts(account.ThreadLockMovePin), s.lockThread},
		{"GET /forum/threads/{thread}/move", onShift, acts(account.ThreadLockMovePin), s.showMove},
		{"POST /forum/threads/{thread}/move", onShift, acts(account.ThreadLockMovePin), s.moveThread},
		{"GET /forum/threads/{thread}/merge", onShift, acts(account.ThreadLockMovePin), s.showMerge},
		{"POST /forum/threads/{thread}/merge", onShift, acts(account.ThreadLockMovePin), s.mergeThread},
		{"GET /forum/threads/{thread}/split", onShift, acts(account.ThreadLockMovePin), s.showSplit},
		{"POST /forum/threads/{thread}/split", onShift, acts(account.ThreadLockMovePin), s.splitThread},
		{"GET /forum/threads/{thread}/unmerge", onShift, acts(account.ThreadLockMovePin), s.showUnmerge},
		{"POST /forum/threads/{thread}/unmerge", onShift, acts(account.ThreadLockMovePin), s.unmergeThread},
		{"POST /forum/threads/{thread}/withdraw", readers, writing, s.withdrawStory},
		{"POST /forum/posts/{post}/answer", readers, acts(account.PostWriteEditOwnDeleteOwn, account.ThreadLockMovePin), s.markAnswer},
		{"POST /forum/posts/{post}/no-answer", readers, acts(account.PostWriteEditOwnDeleteOwn, account.ThreadLockMovePin), s.unmarkAnswer},
		{"POST /forum/threads/{thread}/pin", onShift, acts(account.ThreadLockMovePin), s.pinThread},
		{"POST /forum/threads/{thread}/unpin", onShift, acts(account.ThreadLockMovePin), s.unpinThread},
		{"POST /forum/threads/{thread}/unlock", onShift, acts(account.ThreadLockMovePin), s.unlockThread},
		{"GET /forum/drafts", readers, writing, s.showDrafts},
		{"POST /forum/drafts", readers, writing, s.keepDraft},
		{"POST /forum/drafts/{draft}/discard", readers, writing, s.discardDraft},
		{"GET /forum/filters", readers, reading, s.showFilters},
		{"POST /forum/filters", readers, reading, s.changeFilters},
		{"POST /forum/filters/{mute}/unmute", readers, reading, s.unmute},
		{"GET /forum/digest", readers, own, s.showDigest},
		{"POST /forum/digest", readers, own, s.changeDigest},
		{"POST /forum/digest/quiet", readers, own, s.changeDigestQuiet},
		{"POST /forum/digest/mail", readers, own, s.askDigestMail},
		{"POST /forum/digest/push", readers, own, s.addDigestBrowser},
		{"POST /forum/digest/{way}/remove", readers, own, s.removeDigestWay},
		{"GET /digest/confirm/{token}", everybody, public, s.showConfirmDigest},
		{"POST /digest/confirm/{token}", everybody, public, s.confirmDigest},
		{"GET /digest/leave/{token}", everybody, public, s.showLeaveDigest},
		{"POST /digest/leave/{token}", everybody, public, s.leaveDigest},
		{"GET /digest.js", everybody, public, s.showDigestWorker},
		{"GET /forum/posts/{post}/mute", readers, reading, s.showMuteAuthor},
		{"POST /forum/posts/{post}/mute", readers, reading, s.muteAuthor},
		{"GET /forum/held/{post}", readers, append(acts(account.PostReadHiddenOrHeld), reading...), s.showHeld},
		{"POST /forum/held/{post}/publish", onShift, acts(account.PostApproveHideRestore), s.publishHeld},
		{"POST /forum/held/{post}/refuse", onShift, acts(account.PostApproveHideRestore), s.refuseHeld},
		{"GET /forum/held/{post}/edit", readers, writing, s.showEditHeld},
		{"POST /forum/held/{post}/edit", readers, writing, s.editHeld},
		{"GET /forum/held/{post}/withdraw", readers, writing, s.showWithdraw},
		{"POST /forum/held/{post}/withdraw", readers, writing, s.withdrawHeld},
		{"GET /forum/posts/{post}", readers, reading, s.showPost},
		{"GET /forum/posts/{post}/history", readers, acts(account.PostSeeEditHistory), s.showHistory},
		{"GET /forum/posts/{post}/notes", onShift, acts(account.PostApproveHideRestore), s.showNote},
		{"POST /forum/posts/{post}/notes", onShift, acts(account.PostApproveHideRestore), s.notePost},
		{"GET /forum/posts/{post}/reactions", readers, acts(account.PostReadersReactionsList), s.showReacted},
		{"POST /forum/posts/{post}/reactions", readers, writing, s.react},
		{"GET /forum/posts/{post}/edit", readers, writing, s.showEditPost},
		{"POST /forum/posts/{post}/edit", readers, writing, s.editPost},
		{"GET /forum/posts/{post}/delete", readers, writing, s.showDeletePost},
		{"POST /forum/posts/{post}/delete", readers, writing, s.deletePost},

		// The socket: docs/protocol.md.
		{socketPattern, inside, socketActs(), s.openSocket},

		// Alerts, reports, notices.
		{"GET /console", onShift, acts(account.EscalationSeeAndAcknowledge, account.ConversationSeeTheWaitingList, account.ShiftSeeWhoIsOn), s.showConsole},
		{"GET /whispers/{room}", may(account.RoleTutor), acts(account.ConversationSeeTheWaitingList), s.showWhispers},
		{"POST /whispers/{room}/draft", may(account.RoleTutor), acts(account.ConversationSeeTheWaitingList), s.answerDraft},
		{"POST /whispers/{room}", may(account.RoleTutor), acts(account.ConversationSeeTheWaitingList), s.answerWhisper},
		{"GET /console/{escalation}", onShift, acts(account.EscalationSeeAndAcknowledge, account.ConversationSeeTheWaitingList), s.showEscalation},
		{"POST /console/{escalation}/acknowledge", onShift, acts(account.EscalationSeeAndAcknowledge), s.acknowledgeEscalation},
		{"POST /console/{escalation}/hand-over", may(account.RoleTutor), acts(account.EscalationReRouteTakeOver), s.handOver},
		{"POST /console/{escalation}/take-over", may(account.RoleTutor), acts(account.EscalationReRouteTakeOver), s.takeOver},
		{"POST /console/{escalation}/close", onShift, acts(account.EscalationCloseWithOutcome), s.closeEscalation},
		{"GET /register", may(account.RoleTutor, account.RoleAuditor), acts(account.AuditLogRead), s.showRegister},
		{"GET /proof", may(account.RoleAdmin, account.RoleAuditor), acts(account.AuditLogVerifyTheChain), s.showProof},
		{"POST /proof", may(account.RoleAdmin, account.RoleAuditor), acts(account.AuditLogVerifyTheChain), s.proveRegister},
		{"GET /statistics", may(account.RoleTutor, account.RoleAdmin, account.RoleAuditor), acts(account.EscalationStatistics), s.showStatistics},
		{"GET /policy", may(account.RoleTutor, account.RoleAuditor), acts(account.SettingsRiskRulesAndEscalationTimes), s.showPolicy},
		{"POST /policy", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.askPolicy},
		{"POST /policy/{version}/approve", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.approvePolicy},
		{"POST /policy/{version}/drop", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.dropPolicy},
		{"GET /rules", may(account.RoleTutor, account.RoleAuditor), acts(account.SettingsRiskRulesAndEscalationTimes), s.showReadingRules},
		{"GET /rules/section", may(account.RoleTutor, account.RoleAuditor), acts(account.SettingsRiskRulesAndEscalationTimes), s.showRuleSection},
		{"POST /rules/section", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.saveRuleSection},
		{"GET /rules/try", may(account.RoleTutor, account.RoleAuditor), acts(account.SettingsRiskRulesAndEscalationTimes), s.showTryRules},
		{"POST /rules/try", may(account.RoleTutor, account.RoleAuditor), acts(account.SettingsRiskRulesAndEscalationTimes), s.tryText},
		{"POST /rules/trial", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.trialRules},
		{"POST /rules/ask", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.askRules},
		{"POST /rules/{version}/approve", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.approveRules},
		{"POST /rules/{version}/take-back", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.takeBackRules},
		{"POST /rules/{version}/drop", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.dropRules},
		{"POST /rules/{version}/return", may(account.RoleTutor), acts(account.SettingsRiskRulesAndEscalationTimes), s.returnRules},
		{"GET /moderation", may(account.RoleESP, account.RoleSenior, account.RoleTutor, account.RoleAdmin), acts(account.ReportSeeTheQueue), s.showQueue},
		{"GET /moderation/{case}", onShift, acts(account.ReportDecide, account.ReportDecideAnAppeal, account.PostReadHiddenOrHeld), s.showCase},
		{"POST /moderation/{case}/claim", onShift, acts(account.ReportDecide), s.claimCase},
		{"POST /moderation/{case}/note", onShift, acts(account.ReportDecide, account.ReportDecideAnAppeal), s.noteOnCase},
		{"POST /moderation/{case}/second", onShift, acts(account.ReportDecide, account.ReportDecideAnAppeal), s.askSecondOpinion},
		{"POST /moderation/{case}/opinion", onShift, acts(account.ReportDecide, account.ReportDecideAnAppeal), s.giveOpinion},
		{"POST /moderation/{case}/decide", onShift, acts(account.ReportDecide, account.ReportDecideAnAppeal, account.PostApproveHideRestore), s.decideCase},
		{"POST /moderation/{case}/lift", may(account.RoleSenior, account.RoleTutor), acts(account.AccountSuspendUpTo24H), s.liftSanction},
		{"POST /moderation/{case}/exclude", may(account.RoleTutor), acts(account.AccountSuspendLongerEnd), s.excludeAuthor},
		{"POST /moderation/{case}/readmit", may(account.RoleTutor), acts(account.AccountSuspendLongerEnd), s.readmitAuthor},
		{"GET /report/{kind}/{id...}", talkers, acts(account.ReportMake), s.showReportForm},
		{"POST /report/{kind}/{id...}", talkers, acts(account.ReportMake), s.fileReport},
		{"GET /reported", talkers, acts(account.ReportMake), s.showReported},
		{"GET /appeal/{case}", talkers, acts(account.ReportAppeal), s.showAppeal},
		{"POST /appeal/{case}", talkers, acts(account.ReportAppeal), s.fileAppeal},
		{"GET /notices", talkers, acts(account.ReportSeeOwnAndItsOutcome), s.showNotices},

		// For machines.
		{"GET /assets/{path...}", everybody, public, s.assets.serve},
		{"GET /favicon.ico", everybody, public, s.showIcon},
		{"GET /robots.txt", everybody, public, s.showRobots},
		{"GET /healthz", everybody, public, s.showHealth},
		{"GET /readyz", everybody, public, s.showReady},
		{"POST /csp-reports", everybody, public, s.countViolation},
	}
}
