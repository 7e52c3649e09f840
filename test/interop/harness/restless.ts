/** Settings of a server that writes its pages early, checks points and rotates all the time: the worst for a copy. */
export const restless = {
  'dbms.memory.pagecache.size': '8m',
  'dbms.checkpoint.interval.time': '2s',
  'dbms.tx_log.rotation.size': '1m',
};
