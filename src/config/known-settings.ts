/*
 * The setting names that a 3.4 or 3.5 server knows (from the server's own list), for `dbms.config.strict_validation=true`. Our own settings
 * (settings.ts) are known too. Names outside these groups are allowed, for extensions. A server does not list names in `unsupported.`, so
 * they are never refused here.
 */
const KNOWN: Record<string, string> = {
  browser: `
    allow_outgoing_connections credential_timeout post_connect_cmd remote_content_hostname_whitelist
    retain_connection_credentials
  `,
  causal_clustering: `
    array_block_id_allocation_size catch_up_client_inactivity_timeout catchup_batch_size
    cluster_allow_reads_on_followers cluster_routing_ttl cluster_topology_refresh connect-randomly-to-server-group
    database disable_middleware_logging discovery_advertised_address discovery_listen_address discovery_type
    enable_pre_voting expected_core_cluster_size global_session_tracker_state_size handshake_timeout
    id_alloc_state_size in_flight_cache.max_bytes in_flight_cache.max_entries in_flight_cache.type
    initial_discovery_members join_catch_up_timeout kubernetes.address kubernetes.ca_crt kubernetes.label_selector
    kubernetes.namespace kubernetes.service_port_name kubernetes.token label_token_id_allocation_size
    label_token_name_id_allocation_size last_applied_state_size leader_election_timeout load_balancing.config
    load_balancing.plugin load_balancing.shuffle log_shipping_max_lag middleware_logging.level
    minimum_core_cluster_size_at_formation minimum_core_cluster_size_at_runtime multi_dc_license
    neostore_block_id_allocation_size node_id_allocation_size node_labels_id_allocation_size
    property_id_allocation_size property_key_token_id_allocation_size property_key_token_name_id_allocation_size
    protocol_implementations.catchup protocol_implementations.compression protocol_implementations.raft
    pull_interval raft_advertised_address raft_in_queue_max_batch_bytes raft_in_queue_max_bytes
    raft_listen_address raft_log_implementation raft_log_prune_strategy raft_log_pruning_frequency
    raft_log_reader_pool_size raft_log_rotation_size raft_membership_state_size raft_term_state_size
    raft_vote_state_size read_replica_time_to_live refuse_to_be_leader relationship_group_id_allocation_size
    relationship_id_allocation_size relationship_type_token_id_allocation_size
    relationship_type_token_name_id_allocation_size replicated_lock_token_state_size replication_leader
    replication_retry_timeout_base replication_retry_timeout_limit replication_total_size_limit
    schema_id_allocation_size server_groups ssl_policy state_machine_apply_max_batch_size
    state_machine_flush_window_size store_copy_max_retry_time_per_request string_block_id_allocation_size
    transaction_advertised_address transaction_listen_address unknown_address_logging_throttle
    upstream_selection_strategy user_defined_upstream_strategy
  `,
  dbms: `
    active_database allow_format_migration allow_upgrade backup.address backup.enabled backup.ssl_policy
    checkpoint checkpoint.interval.time checkpoint.interval.tx checkpoint.iops.limit config.strict_validation
    connectors.default_advertised_address connectors.default_listen_address db.timezone directories.certificates
    directories.data directories.import directories.lib directories.logs directories.metrics directories.plugins
    directories.run directories.tx_log filewatcher.enabled ids.reuse.types.override import.csv.buffer_size
    import.csv.legacy_quote_escaping index.default_schema_provider index.fulltext.default_analyzer
    index.fulltext.eventually_consistent index.fulltext.eventually_consistent_index_update_queue_max_length
    index_sampling.background_enabled index_sampling.buffer_size index_sampling.sample_size_limit
    index_sampling.update_percentage index_searcher_cache_size jvm.additional lock.acquisition.timeout
    logs.debug.level logs.debug.path logs.debug.rotation.delay logs.debug.rotation.keep_number
    logs.debug.rotation.size logs.gc.enabled logs.gc.options logs.gc.rotation.keep_number logs.gc.rotation.size
    logs.http.enabled logs.http.path logs.http.rotation.keep_number logs.http.rotation.size
    logs.query.allocation_logging_enabled logs.query.enabled logs.query.page_logging_enabled
    logs.query.parameter_logging_enabled logs.query.path logs.query.rotation.keep_number logs.query.rotation.size
    logs.query.runtime_logging_enabled logs.query.threshold logs.query.time_logging_enabled logs.security.level
    logs.security.path logs.security.rotation.delay logs.security.rotation.keep_number logs.security.rotation.size
    logs.timezone logs.user.path logs.user.rotation.delay logs.user.rotation.keep_number logs.user.rotation.size
    logs.user.stdout_enabled memory.heap.initial_size memory.heap.max_size memory.pagecache.size
    memory.pagecache.swapper mode netty.ssl.provider procedures.kill_query_verbose query_cache_size read_only
    record_format relationship_grouping_threshold rest.transaction.idle_timeout
    security.allow_csv_import_from_file_urls security.auth_cache_max_capacity security.auth_cache_ttl
    security.auth_cache_use_ttl security.auth_enabled security.auth_lock_time security.auth_max_failed_attempts
    security.auth_provider security.causal_clustering_status_auth_enabled security.ha_status_auth_enabled
    security.http_access_control_allow_origin security.http_authorization_classes
    security.http_strict_transport_security security.ldap.authentication.cache_enabled
    security.ldap.authentication.mechanism security.ldap.authentication.use_samaccountname
    security.ldap.authentication.user_dn_template security.ldap.authorization.group_membership_attributes
    security.ldap.authorization.group_to_role_mapping security.ldap.authorization.system_password
    security.ldap.authorization.system_username security.ldap.authorization.use_system_account
    security.ldap.authorization.user_search_base security.ldap.authorization.user_search_filter
    security.ldap.connection_timeout security.ldap.host security.ldap.read_timeout security.ldap.referral
    security.ldap.use_starttls security.log_successful_authentication security.procedures.default_allowed
    security.procedures.roles security.procedures.unrestricted security.procedures.whitelist
    security.property_level.blacklist security.property_level.enabled shell.enabled shell.host shell.port
    shell.read_only shell.rmi_name shutdown_transaction_end_timeout threads.worker_count track_query_allocation
    track_query_cpu_time transaction.bookmark_ready_timeout transaction.monitor.check.interval transaction.timeout
    tx_log.rotation.retention_policy tx_log.rotation.size tx_state.max_off_heap_memory tx_state.memory_allocation
    tx_state.off_heap.block_cache_size tx_state.off_heap.max_cacheable_block_size udc.enabled
    unmanaged_extension_classes windows_service_name
  `,
  ha: `
    allow_init_cluster branched_data_copying_strategy branched_data_policy broadcast_timeout configuration_timeout
    data_chunk_size default_timeout election_timeout heartbeat_interval heartbeat_timeout host.coordination
    host.data initial_hosts internal_role_switch_timeout join_timeout learn_timeout leave_timeout max_acceptors
    max_channels_per_slave paxos_timeout phase1_timeout phase2_timeout pull_batch_size pull_interval
    role_switch_timeout server_id slave_lock_timeout slave_only slave_read_timeout tx_push_factor tx_push_strategy
  `,
  metrics: `
    bolt.messages.enabled csv.enabled csv.interval csv.rotation.keep_number csv.rotation.size
    cypher.replanning.enabled enabled graphite.enabled graphite.interval graphite.server jvm.buffers.enabled
    jvm.gc.enabled jvm.memory.enabled jvm.threads.enabled neo4j.causal_clustering.enabled
    neo4j.checkpointing.enabled neo4j.cluster.enabled neo4j.counts.enabled neo4j.enabled neo4j.logrotation.enabled
    neo4j.network.enabled neo4j.pagecache.enabled neo4j.server.enabled neo4j.tx.enabled prefix prometheus.enabled
    prometheus.endpoint
  `,
  tools: `
    consistency_checker.check_graph consistency_checker.check_indexes consistency_checker.check_label_scan_store
    consistency_checker.check_property_owners
  `,
};

/** Groups of settings whose middle part the user chooses. */
const PATTERNS = [
  /^dbms\.connector\.[^.]+\./,
  /^dbms\.ssl\.policy\.[^.]+\.(allow_key_generation|base_directory|ciphers|client_auth|private_key|private_key_password|public_certificate|revoked_dir|tls_versions|trust_all|trusted_dir|verify_hostname)$/,
];

const knownNames = new Map(Object.entries(KNOWN).map(([group, names]) => [group, new Set(names.trim().split(/\s+/))]));

/** False only for names that a server with strict validation would refuse. */
export function isKnownSetting(name: string): boolean {
  const dot = name.indexOf('.');
  const group = knownNames.get(name.slice(0, dot));
  if (group === undefined || group.has(name.slice(dot + 1))) return true;
  return PATTERNS.some((pattern) => pattern.test(name));
}
