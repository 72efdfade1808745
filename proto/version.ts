/** The version of this software, as it is said in user agents, logs and the session's Hello. */
export const VERSION = '0.1.0';
