package s3server

// Sidecar makes the gateway store metadata as it does on file systems without
// extended attributes.
func Sidecar(o *Options) { o.sidecar = true }

// Pid returns the process id of the child.
func (s *Server) Pid() int { return s.child.cmd.Process.Pid }

// Kill kills the child, as the system might.
func (s *Server) Kill() error { return s.child.cmd.Process.Kill() }

// ForgetMain undoes Main until the returned function is called.
func ForgetMain() func() {
	mainCalled.Store(false)
	return func() { mainCalled.Store(true) }
}

// ChildEnv is set in children.
const ChildEnv = childEnv
