package account

// The acts of the authorization matrix. The text of each is the matrix row it stands for: "resource: action".
const (
	ConversationAskForOne               Action = "conversation: ask for one"
	ConversationSeeTheWaitingList       Action = "conversation: see the waiting list (topic; minutes waited; alias)"
	ConversationAcceptTheNextOne        Action = "conversation: accept the next one"
	ConversationList                    Action = "conversation: list"
	ConversationReadContent             Action = "conversation: read content"
	ConversationReadAfterItIsClosed     Action = "conversation: read after it is closed"
	ConversationCloseLeave              Action = "conversation: close / leave"
	ConversationHandOver                Action = "conversation: hand over"
	ConversationJoinVisibly             Action = "conversation: join visibly"
	ConversationJoinUnseen              Action = "conversation: join unseen"
	ConversationSearchText              Action = "conversation: search text"
	MessageSend                         Action = "message: send"
	MessageEditOrDeleteOwn              Action = "message: edit or delete own"
	MessageHideAnother                  Action = "message: hide another's"
	MessageTypingSeenPresence           Action = "message: typing / seen / presence"
	MessageAttachAFile                  Action = "message: attach a file"
	QueueRaisePriorityReassign          Action = "queue: raise priority / reassign"
	QueueLiveWall                       Action = "queue: live wall (counts; waits; who is on)"
	CaseNotesWriteReadOwn               Action = "case notes: write / read own"
	CaseNotesReadAnESP                  Action = "case notes: read an ESP's"
	CaseNotesReadAsThePersonConcerned   Action = "case notes: read as the person concerned"
	ForumCategoryReadMembersOnly        Action = "forum category: read members-only"
	ForumCategoryReadStaffOnly          Action = "forum category: read staff-only"
	ForumCategoryReadFamilyOnly         Action = "forum category: read family-only"
	ForumCategoryCreateArchive          Action = "forum category: create / archive"
	ForumCategoryChangeItsRulesText     Action = "forum category: change its rules text"
	ThreadOpen                          Action = "thread: open"
	ThreadLockMovePin                   Action = "thread: lock / move / pin"
	ThreadTurnAPrivateOnePublic         Action = "thread: turn a private one public"
	PostWriteEditOwnDeleteOwn           Action = "post: write / edit own / delete own"
	PostReadHiddenOrHeld                Action = "post: read hidden or held"
	PostApproveHideRestore              Action = "post: approve / hide / restore"
	PostEditAnotherText                 Action = "post: edit another's text"
	PostSeeEditHistory                  Action = "post: see edit history"
	PostReadersReactionsList            Action = "post: readers / reactions list"
	ReportMake                          Action = "report: make"
	ReportSeeOwnAndItsOutcome           Action = "report: see own and its outcome"
	ReportSeeTheQueue                   Action = "report: see the queue"
	ReportSeeWhoReported                Action = "report: see who reported"
	ReportDecide                        Action = "report: decide"
	ReportAppeal                        Action = "report: appeal"
	ReportDecideAnAppeal                Action = "report: decide an appeal"
	EscalationRaise                     Action = "escalation: raise"
	EscalationSeeStateOfOneOwn          Action = "escalation: see state of one's own"
	EscalationSeeAndAcknowledge         Action = "escalation: see and acknowledge"
	EscalationReRouteTakeOver           Action = "escalation: re-route / take over"
	EscalationCloseWithOutcome          Action = "escalation: close with outcome"
	EscalationSilenceDelete             Action = "escalation: silence / delete"
	EscalationStatistics                Action = "escalation: statistics"
	BreakGlassOpenAConversation         Action = "break-glass: open a conversation"
	IdentityRevealAsk                   Action = "identity reveal: ask"
	IdentityRevealConfirm               Action = "identity reveal: confirm (second person)"
	ProfileReadOwnEditOwn               Action = "profile: read own / edit own"
	ProfileReadAnotherPublicPart        Action = "profile: read another's public part"
	ProfileReadAnotherPrivatePart       Action = "profile: read another's private part"
	AccountSuspendUpTo24H               Action = "account: suspend up to 24 h"
	AccountSuspendLongerEnd             Action = "account: suspend longer / end"
	AccountCreateStaffByInvitation      Action = "account: create staff by invitation"
	AccountGrantARole                   Action = "account: grant a role"
	AccountResetAnotherPasswordOrFactor Action = "account: reset another's password or factor"
	AccountEndAnotherSessions           Action = "account: end another's sessions"
	AccountActAsAnother                 Action = "account: act as another"
	AuditLogRead                        Action = "audit log: read"
	AuditLogSeeWhoOpenedMyConversation  Action = "audit log: see who opened my conversation"
	AuditLogChangeDelete                Action = "audit log: change / delete"
	AuditLogVerifyTheChain              Action = "audit log: verify the chain"
	HoursReportOwn                      Action = "hours report: own"
	HoursReportApprove                  Action = "hours report: approve"
	HoursReportAll                      Action = "hours report: all (names; minutes; programme)"
	SettingsService                     Action = "settings: service (hours; texts; numbers)"
	SettingsRiskRulesAndEscalationTimes Action = "settings: risk rules and escalation times"
	SettingsSecretsAndKeys              Action = "settings: secrets and keys"
	ExportsOwnData                      Action = "exports: own data"
	ExportsStatistics                   Action = "exports: statistics (cells under 5 suppressed)"
	ExportsBulkText                     Action = "exports: bulk text"
	OperationsMetricsPprofHealthDetail  Action = "operations: metrics / pprof / health detail"
	PublicPageRead                      Action = "public page: read"
	PublicPageEdit                      Action = "public page: edit"
	ShiftGoOnOff                        Action = "shift: go on / off"
	ShiftPlan                           Action = "shift: plan"
	ShiftSeeWhoIsOn                     Action = "shift: see who is on"
)

// matrix has one row for each act: the cells of visitor, guest, member, family, esp, senior, tutor, admin, auditor.
// A test compares it with the matrix the service agreed on, testdata/authz_matrix.csv.
var matrix = map[Action][9]cell{
	ConversationAskForOne:               {'-', 'Y', 'Y', 'Y', '-', '-', '-', '-', '-'},
	ConversationSeeTheWaitingList:       {'-', '-', '-', '-', '-', '-', 'Y', 'D', '-'},
	ConversationAcceptTheNextOne:        {'-', '-', '-', '-', 'S', 'S', 'A', '-', '-'},
	ConversationList:                    {'-', 'O', 'O', 'O', 'P', 'P', 'A', 'D', 'D'},
	ConversationReadContent:             {'-', 'P', 'P', 'P', 'P', 'P', 'B', '-', '-'},
	ConversationReadAfterItIsClosed:     {'-', 'O', 'O', 'O', 'W', 'W', 'B', '-', '-'},
	ConversationCloseLeave:              {'-', 'P', 'P', 'P', 'P', 'P', 'A', '-', '-'},
	ConversationHandOver:                {'-', '-', '-', '-', 'P', 'P', 'A', '-', '-'},
	ConversationJoinVisibly:             {'-', '-', '-', '-', '-', '-', 'A', '-', '-'},
	ConversationJoinUnseen:              {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	ConversationSearchText:              {'-', 'O', 'O', 'O', 'P', 'P', '-', '-', '-'},
	MessageSend:                         {'-', 'P', 'P', 'P', 'P', 'P', 'A', '-', '-'},
	MessageEditOrDeleteOwn:              {'-', 'O', 'O', 'O', 'O', 'O', 'O', '-', '-'},
	MessageHideAnother:                  {'-', '-', '-', '-', '-', '-', 'A', '-', '-'},
	MessageTypingSeenPresence:           {'-', 'P', 'P', 'P', 'P', 'P', 'P', '-', '-'},
	MessageAttachAFile:                  {'-', '-', 'P', 'P', 'P', 'P', 'P', '-', '-'},
	QueueRaisePriorityReassign:          {'-', '-', '-', '-', '-', '-', 'Y', '-', '-'},
	QueueLiveWall:                       {'-', '-', '-', '-', 'D', 'D', 'Y', 'D', '-'},
	CaseNotesWriteReadOwn:               {'-', '-', '-', '-', 'O', 'O', 'O', '-', '-'},
	CaseNotesReadAnESP:                  {'-', '-', '-', '-', '-', '-', 'A', '-', '-'},
	CaseNotesReadAsThePersonConcerned:   {'-', 'O', 'O', 'O', '-', '-', '-', '-', '-'},
	ForumCategoryReadMembersOnly:        {'-', '-', 'Y', 'Y', 'Y', 'Y', 'Y', '-', '-'},
	ForumCategoryReadStaffOnly:          {'-', '-', '-', '-', 'Y', 'Y', 'Y', '-', '-'},
	ForumCategoryReadFamilyOnly:         {'-', '-', '-', 'Y', 'Y', 'Y', 'Y', '-', '-'},
	ForumCategoryCreateArchive:          {'-', '-', '-', '-', '-', '-', '-', 'Y', '-'},
	ForumCategoryChangeItsRulesText:     {'-', '-', '-', '-', 'C', 'C', '-', 'Y', '-'},
	ThreadOpen:                          {'-', '-', 'Y', 'Y', 'Y', 'Y', 'Y', '-', '-'},
	ThreadLockMovePin:                   {'-', '-', '-', '-', 'C', 'C', 'Y', '-', '-'},
	ThreadTurnAPrivateOnePublic:         {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	PostWriteEditOwnDeleteOwn:           {'-', '-', 'O', 'O', 'O', 'O', 'O', '-', '-'},
	PostReadHiddenOrHeld:                {'-', '-', 'O', 'O', 'C', 'C', 'Y', '-', '-'},
	PostApproveHideRestore:              {'-', '-', '-', '-', 'C', 'C', 'Y', '-', '-'},
	PostEditAnotherText:                 {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	PostSeeEditHistory:                  {'-', '-', 'O', 'O', 'C', 'C', 'Y', '-', '-'},
	PostReadersReactionsList:            {'-', '-', 'Y', 'Y', 'Y', 'Y', 'Y', '-', '-'},
	ReportMake:                          {'-', 'P', 'Y', 'Y', 'Y', 'Y', 'Y', '-', '-'},
	ReportSeeOwnAndItsOutcome:           {'-', 'O', 'O', 'O', 'O', 'O', 'O', '-', '-'},
	ReportSeeTheQueue:                   {'-', '-', '-', '-', 'C', 'C', 'Y', 'D', '-'},
	ReportSeeWhoReported:                {'-', '-', '-', '-', '-', '-', 'A', '-', '-'},
	ReportDecide:                        {'-', '-', '-', '-', 'C', 'C', 'Y', '-', '-'},
	ReportAppeal:                        {'-', 'O', 'O', 'O', 'O', 'O', 'O', '-', '-'},
	ReportDecideAnAppeal:                {'-', '-', '-', '-', '-', 'C', 'Y', '-', '-'},
	EscalationRaise:                     {'-', 'P', 'P', 'P', 'P', 'Y', 'Y', '-', '-'},
	EscalationSeeStateOfOneOwn:          {'-', 'O', 'O', 'O', 'O', 'O', '-', '-', '-'},
	EscalationSeeAndAcknowledge:         {'-', '-', '-', '-', 'A', 'A', 'A', '-', '-'},
	EscalationReRouteTakeOver:           {'-', '-', '-', '-', '-', '-', 'A', '-', '-'},
	EscalationCloseWithOutcome:          {'-', '-', '-', '-', 'A', 'A', 'A', '-', '-'},
	EscalationSilenceDelete:             {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	EscalationStatistics:                {'-', '-', '-', '-', '-', '-', 'Y', 'D', 'D'},
	BreakGlassOpenAConversation:         {'-', '-', '-', '-', '-', '-', 'B', '-', '-'},
	IdentityRevealAsk:                   {'-', '-', '-', '-', '-', '-', 'B', '-', '-'},
	IdentityRevealConfirm:               {'-', '-', '-', '-', '-', '-', 'B', 'B', '-'},
	ProfileReadOwnEditOwn:               {'-', 'O', 'O', 'O', 'O', 'O', 'O', 'O', 'O'},
	ProfileReadAnotherPublicPart:        {'-', 'P', 'Y', 'Y', 'Y', 'Y', 'Y', '-', '-'},
	ProfileReadAnotherPrivatePart:       {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	AccountSuspendUpTo24H:               {'-', '-', '-', '-', '-', 'C', 'Y', '-', '-'},
	AccountSuspendLongerEnd:             {'-', '-', '-', '-', '-', '-', '2', '2', '-'},
	AccountCreateStaffByInvitation:      {'-', '-', '-', '-', '-', '-', '-', 'Y', '-'},
	AccountGrantARole:                   {'-', '-', '-', '-', '-', '-', '-', '2', '-'},
	AccountResetAnotherPasswordOrFactor: {'-', '-', '-', '-', '-', '-', '-', 'Y', '-'},
	AccountEndAnotherSessions:           {'-', '-', '-', '-', '-', '-', 'A', 'Y', '-'},
	AccountActAsAnother:                 {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	AuditLogRead:                        {'-', '-', '-', '-', '-', '-', 'O', '-', 'Y'},
	AuditLogSeeWhoOpenedMyConversation:  {'-', 'O', 'O', 'O', '-', '-', '-', '-', '-'},
	AuditLogChangeDelete:                {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	AuditLogVerifyTheChain:              {'-', '-', '-', '-', '-', '-', '-', 'Y', 'Y'},
	HoursReportOwn:                      {'-', '-', '-', '-', 'O', 'O', 'O', '-', '-'},
	HoursReportApprove:                  {'-', '-', '-', '-', '-', '-', 'A', '-', '-'},
	HoursReportAll:                      {'-', '-', '-', '-', '-', '-', '-', 'Y', 'Y'},
	SettingsService:                     {'-', '-', '-', '-', '-', '-', '-', 'Y', 'Y'},
	SettingsRiskRulesAndEscalationTimes: {'-', '-', '-', '-', '-', '-', '2', '-', 'Y'},
	SettingsSecretsAndKeys:              {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	ExportsOwnData:                      {'-', 'O', 'O', 'O', 'O', 'O', 'O', 'O', 'O'},
	ExportsStatistics:                   {'-', '-', '-', '-', '-', '-', 'Y', 'Y', 'Y'},
	ExportsBulkText:                     {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	OperationsMetricsPprofHealthDetail:  {'-', '-', '-', '-', '-', '-', '-', '-', '-'},
	PublicPageRead:                      {'Y', 'Y', 'Y', 'Y', 'Y', 'Y', 'Y', 'Y', 'Y'},
	PublicPageEdit:                      {'-', '-', '-', '-', '-', '-', '-', 'Y', '-'},
	ShiftGoOnOff:                        {'-', '-', '-', '-', 'O', 'O', 'O', '-', '-'},
	ShiftPlan:                           {'-', '-', '-', '-', 'O', 'O', 'Y', 'Y', '-'},
	ShiftSeeWhoIsOn:                     {'-', '-', '-', '-', 'Y', 'Y', 'Y', 'Y', '-'},
}
