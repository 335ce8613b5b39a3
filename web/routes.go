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
)

// may names the roles of a guard.
func may(roles ...account.Role) guard { return roles }

// acts names the matrix rows of a route.
func acts(a ...account.Action) []account.Action { return a }

// routes is every route. A test holds the table to the authorization matrix, both ways.
func (s *Server) routes() []route {
	public := acts(account.PublicPageRead)
	return []route{
		// The front, and pages for everybody.
		{"GET /{$}", everybody, public, s.showFront},
		{"GET /numbers", everybody, public, s.showNumbers},
		{"GET /how-it-works", everybody, public, s.showHowItWorks},
		{"GET /privacy", everybody, public, s.showPrivacy},
		{"GET /accessibility", everybody, public, s.showAccessibility},
		{"GET /offline", everybody, public, s.showOffline},
		{"POST /language", everybody, public, s.chooseLanguage},
		{"GET /exit", everybody, public, s.showExit},
		{"POST /exit", everybody, public, s.leaveQuickly},

		// For machines.
		{"GET /assets/{path...}", everybody, public, s.assets.serve},
		{"GET /favicon.ico", everybody, public, s.showIcon},
		{"GET /robots.txt", everybody, public, s.showRobots},
		{"GET /healthz", everybody, public, s.showHealth},
		{"GET /readyz", everybody, public, s.showReady},
		{"POST /csp-reports", everybody, public, s.countViolation},
	}
}
