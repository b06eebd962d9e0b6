// As whom one asks: one of the server's sessions, a pasted token, or nobody.
import { useState } from 'react';
import { config } from './config.js';

const CHOSEN = 'collegium:session';
const PASTED = 'collegium:token';
const NOBODY = { label: '', role: '', token: null };

/** The session at work, and how to change it. A choice outlives the browser; a pasted token, only the tab. */
export function useSession() {
  const [session, setSession] = useState(config.sessions.length > 0 ? chosen : pasted);
  return {
    session,
    choose(label) {
      localStorage.setItem(CHOSEN, label);
      setSession(named(label) ?? NOBODY);
    },
    paste(token) {
      const bare = token.trim().replace(/^(jwt|bearer)\s+/i, '');
      sessionStorage.setItem(PASTED, bare);
      setSession(holder(bare));
    },
    forget() {
      sessionStorage.removeItem(PASTED);
      setSession(NOBODY);
    },
  };
}

/** The headers that say who asks. */
export function credentials(session) {
  return session.token ? { Authorization: `JWT ${session.token}` } : {};
}

function named(label) {
  return config.sessions.find((session) => session.label === label);
}

function chosen() {
  const label = localStorage.getItem(CHOSEN);
  if (label === '') {
    return NOBODY;
  }
  return named(label) ?? config.sessions[0];
}

function pasted() {
  const token = sessionStorage.getItem(PASTED);
  return token ? holder(token) : NOBODY;
}

/** Whom a token names, to show it only: the server alone can tell whether the token is good. */
function holder(token) {
  const claims = claimsOf(token);
  const expired = claims.exp !== undefined && claims.exp * 1000 < Date.now();
  const label = claims.preferred_username ?? claims.sub ?? 'Unreadable token';
  return { label, role: expired ? 'expired' : 'token', token };
}

function claimsOf(token) {
  try {
    const bytes = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.codePointAt(0))));
  } catch {
    return {};
  }
}
