import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import java.util.Collections;
import java.util.List;
import org.neo4j.causalclustering.handlers.DuplexPipelineWrapperFactory;
import org.neo4j.causalclustering.handlers.PipelineWrapper;
import org.neo4j.causalclustering.handlers.VoidPipelineWrapperFactory;
import org.neo4j.graphdb.config.Setting;
import org.neo4j.kernel.configuration.Config;
import org.neo4j.kernel.configuration.ssl.SslPolicyLoader;
import org.neo4j.kernel.impl.util.Dependencies;
import org.neo4j.logging.LogProvider;
import org.neo4j.ssl.SslPolicy;

/** Puts the TLS handler of a policy into each connection; no policy, no handler. The published 3.4 artifacts have none for clusters. */
public class TlsWrapper implements DuplexPipelineWrapperFactory {
  private interface HandlerSource {
    ChannelHandler handlerFor(SslPolicy policy, Channel channel) throws Exception;
  }

  @Override
  public PipelineWrapper forServer(Config config, Dependencies dependencies, LogProvider log, Setting<String> name) {
    return wrap(config, log, name, (policy, channel) -> policy.nettyServerHandler(channel));
  }

  @Override
  public PipelineWrapper forClient(Config config, Dependencies dependencies, LogProvider log, Setting<String> name) {
    return wrap(config, log, name, (policy, channel) -> policy.nettyClientHandler(channel));
  }

  private static PipelineWrapper wrap(Config config, LogProvider log, Setting<String> name, HandlerSource source) {
    String policyName = config.get(name);
    if (policyName == null) {
      return VoidPipelineWrapperFactory.VOID_WRAPPER;
    }
    SslPolicy policy = SslPolicyLoader.create(config, log).getPolicy(policyName);
    return new PipelineWrapper() {
      @Override
      public List<ChannelHandler> handlersFor(Channel channel) throws Exception {
        return Collections.singletonList(source.handlerFor(policy, channel));
      }

      @Override
      public String name() {
        return "tls";
      }
    };
  }
}
