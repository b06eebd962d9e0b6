// The bar above the editors: the name, and as whom one asks.
import { config } from './config.js';

export function Bar({ session, choose, paste, forget }) {
  return (
    <header className="bar">
      <h1 className="bar-title">
        <Mark />
        {config.title}
      </h1>
      <div className="bar-session">
        {config.sessions.length > 0 ? (
          <Switch session={session} choose={choose} />
        ) : (
          <Paste session={session} paste={paste} forget={forget} />
        )}
      </div>
    </header>
  );
}

function Mark() {
  return (
    <svg className="bar-mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M12 3 22 8.5 12 14 2 8.5Z" />
      <path d="M6 12v4.5c0 1.4 2.7 2.5 6 2.5s6-1.1 6-2.5V12" fill="none" strokeWidth="2" />
    </svg>
  );
}

function Switch({ session, choose }) {
  return (
    <>
      <label className="bar-label" htmlFor="session">
        {session.token ? 'Signed in as' : 'Not signed in'}
      </label>
      <select
        id="session"
        className="bar-field"
        value={session.token ? session.label : ''}
        onChange={(event) => choose(event.target.value)}
      >
        {config.sessions.map(({ label, role }) => (
          <option key={label} value={label}>
            {label} ({role})
          </option>
        ))}
        <option value="">Signed out</option>
      </select>
    </>
  );
}

function Paste({ session, paste, forget }) {
  if (session.token) {
    return (
      <>
        <span className="bar-label">Signed in as</span>
        <strong className="bar-name">{session.label}</strong>
        <span className="bar-role">{session.role}</span>
        <button type="button" className="bar-button" onClick={forget}>
          Sign out
        </button>
      </>
    );
  }
  const submit = (event) => {
    event.preventDefault();
    const token = new FormData(event.target).get('token').trim();
    if (token) {
      paste(token);
    }
  };
  return (
    <form className="bar-form" onSubmit={submit}>
      <label className="bar-label" htmlFor="token">
        Signed out
      </label>
      <input
        id="token"
        name="token"
        className="bar-field"
        type="password"
        autoComplete="off"
        spellCheck="false"
        placeholder="Paste a token of the LMS"
      />
      <button type="submit" className="bar-button">
        Sign in
      </button>
    </form>
  );
}
