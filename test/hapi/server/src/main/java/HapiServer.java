import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Properties;
import javax.sql.DataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * A real HAPI FHIR R4 JPA server on the loopback, for tests; its data is in memory, or in the PostgreSQL database that
 * HAPI_DB_URL names (jdbc:postgresql:…), where much of it is written: H2 grows slow. It chooses a free port, prints
 * "ready at URL", and ends when its standard input does, so that it never outlives the tests, however they end. Beside
 * /fhir it answers at /validating: the same data, but every request is validated first.
 */
public class HapiServer {
  @Configuration
  @Import({JpaR4Config.class, HapiJpaConfig.class, ThreadPoolFactoryConfig.class, JpaBatch2Config.class,
      Batch2JobsConfig.class, SubscriptionChannelConfig.class, SubscriptionSubmitterConfig.class})
  public static class Config {
    @Bean
    JpaStorageSettings storageSettings() {
      JpaStorageSettings s = new JpaStorageSettings();
      // ANY: Patients with ids of digits only, as hospitals have them. Not HAPI's default (ALPHANUMERIC).
      s.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ANY);
      s.setResourceServerIdStrategy(JpaStorageSettings.IdStrategyEnum.UUID);
      s.setEnforceReferentialIntegrityOnWrite(true);
      s.setAutoCreatePlaceholderReferenceTargets(false);
      s.setHibernateSearchIndexFullText(false);
      s.setHibernateSearchIndexSearchParams(false);
      return s;
    }

    @Bean
    PartitionSettings partitionSettings() {
      return new PartitionSettings();
    }

    @Bean
    SubscriptionSettings subscriptionSettings() {
      return new SubscriptionSettings();
    }

    @Bean(destroyMethod = "close")
    HikariDataSource dataSource() {
      HikariDataSource d = new HikariDataSource();
      d.setJdbcUrl(databaseUrl());
      d.setUsername(onPostgres() ? "tester" : "sa");
      d.setPassword("");
      d.setMaximumPoolSize(10);
      return d;
    }

    @Bean
    LocalContainerEntityManagerFactoryBean entityManagerFactory(
        ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings, DataSource dataSource) {
      LocalContainerEntityManagerFactoryBean f =
          HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
      f.setPersistenceUnitName("HAPI_PU");
      f.setDataSource(dataSource);
      Properties p = new Properties();
      String dialect = onPostgres() ? "HapiFhirPostgresDialect" : "HapiFhirH2Dialect";
      p.put("hibernate.dialect", "ca.uhn.fhir.jpa.model.dialect." + dialect);
      p.put("hibernate.hbm2ddl.auto", "update");
      p.put("hibernate.jdbc.batch_size", "20");
      p.put("hibernate.cache.use_query_cache", "false");
      p.put("hibernate.cache.use_second_level_cache", "false");
      p.put("hibernate.search.enabled", "false");
      f.setJpaProperties(p);
      return f;
    }

    @Bean
    JpaTransactionManager transactionManager(EntityManagerFactory f) {
      return new JpaTransactionManager(f);
    }
  }

  public static void main(String[] args) throws Exception {
    Thread owner = new Thread(HapiServer::endWithStandardInput);
    owner.setDaemon(true);
    owner.start();

    AnnotationConfigApplicationContext spring = new AnnotationConfigApplicationContext(Config.class);
    RestfulServer validating = server(spring);
    validating.registerInterceptor(requestValidation(spring));

    Server jetty = new Server(new InetSocketAddress("127.0.0.1", 0));
    ServletContextHandler web = new ServletContextHandler("/");
    web.addServlet(new ServletHolder(server(spring)), "/fhir/*");
    web.addServlet(new ServletHolder(validating), "/validating/*");
    jetty.setHandler(web);
    jetty.start();
    int port = ((ServerConnector) jetty.getConnectors()[0]).getLocalPort();
    System.out.println("ready at http://127.0.0.1:" + port + "/fhir");
    jetty.join();
  }

  private static RestfulServer server(ApplicationContext spring) {
    IFhirSystemDao<?, ?> systemDao = spring.getBean(IFhirSystemDao.class);
    RestfulServer fhir = new RestfulServer(systemDao.getContext());
    fhir.registerProviders(spring.getBean(ResourceProviderFactory.class).createProviders());
    fhir.registerProvider(spring.getBean(JpaSystemProvider.class));
    fhir.setServerConformanceProvider(new JpaCapabilityStatementProvider(fhir, systemDao,
        spring.getBean(JpaStorageSettings.class), spring.getBean(ISearchParamRegistry.class),
        spring.getBean(IValidationSupport.class)));
    fhir.setPagingProvider(spring.getBean(DatabaseBackedPagingProvider.class));
    return fhir;
  }

  private static String databaseUrl() {
    String given = System.getenv("HAPI_DB_URL");
    return given == null || given.isEmpty() ? "jdbc:h2:mem:hapi;DB_CLOSE_DELAY=-1" : given;
  }

  private static boolean onPostgres() {
    return databaseUrl().startsWith("jdbc:postgresql:");
  }

  /** HL7's validator over every request; an error in it is a 422. */
  private static RequestValidatingInterceptor requestValidation(ApplicationContext spring) {
    RequestValidatingInterceptor validation = new RequestValidatingInterceptor();
    validation.setFailOnSeverity(ResultSeverityEnum.ERROR);
    validation.setValidatorModules(List.of(spring.getBean(IValidatorModule.class)));
    return validation;
  }

  /** Nobody needs the data afterwards: there is nothing to put in order. */
  private static void endWithStandardInput() {
    try {
      System.in.transferTo(java.io.OutputStream.nullOutputStream());
    } catch (java.io.IOException closed) {
      // The same end.
    }
    Runtime.getRuntime().halt(0);
  }
}
