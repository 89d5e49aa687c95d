import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;

/**
 * HL7's validator on the loopback, for tests: R4 as it was published, and nothing of the network.
 *
 * <p>POST /r4 judges the resource in the body by R4 alone. POST /ours?profile=URL judges it by the definitions in the
 * folder that is the argument too, where an extension that nobody defined is an error. Either answers with a JSON list
 * of findings. It chooses a free port, prints "ready at URL", and ends when its standard input does.
 */
public class Judge {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    Thread owner = new Thread(Judge::endWithStandardInput);
    owner.setDaemon(true);
    owner.start();

    FhirContext fhir = FhirContext.forR4();
    IValidationSupport published = new DefaultProfileValidationSupport(fhir);
    FhirValidator r4 = validator(fhir, true, published);
    FhirValidator ours = validator(fhir, false, published, definitionsIn(Path.of(args[0]), fhir));

    HttpServer http = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    http.createContext("/r4", exchange -> judge(exchange, r4));
    http.createContext("/ours", exchange -> judge(exchange, ours));
    http.start();
    System.out.println("ready at http://127.0.0.1:" + http.getAddress().getPort());
  }

  /** A lenient one lets extensions and profiles pass that it does not know. */
  private static FhirValidator validator(FhirContext fhir, boolean lenient, IValidationSupport... known) {
    ValidationSupportChain chain = new ValidationSupportChain(known);
    chain.addValidationSupport(new CommonCodeSystemsTerminologyService(fhir));
    chain.addValidationSupport(new InMemoryTerminologyServerValidationSupport(fhir));
    chain.addValidationSupport(new SnapshotGeneratingValidationSupport(fhir));
    FhirInstanceValidator instances = new FhirInstanceValidator(chain);
    instances.setAnyExtensionsAllowed(lenient);
    instances.setErrorForUnknownProfiles(!lenient);
    // By "4.0.1" the validator does not find itself where an extension says on which element it may stand, and
    // would load R4 from the network.
    instances.setWrappedWorkerContext(chain, new WorkerContextValidationSupportAdapter(chain) {
      @Override
      public String getVersion() {
        return "4.0";
      }
    });
    return fhir.newValidator().registerValidatorModule(instances);
  }

  private static IValidationSupport definitionsIn(Path folder, FhirContext fhir) throws IOException {
    PrePopulatedValidationSupport definitions = new PrePopulatedValidationSupport(fhir);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files.filter(f -> f.toString().endsWith(".json"))::iterator) {
        definitions.addResource(fhir.newJsonParser().parseResource(Files.readString(file)));
      }
    }
    return definitions;
  }

  private static void judge(HttpExchange exchange, FhirValidator validator) throws IOException {
    try (exchange) {
      String resource = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      ValidationOptions options = new ValidationOptions();
      String query = exchange.getRequestURI().getRawQuery();
      if (query != null) {
        options.addProfile(URLDecoder.decode(query.substring("profile=".length()), StandardCharsets.UTF_8));
      }
      byte[] answer;
      int status = 200;
      try {
        List<?> findings =
            validator.validateWithResult(resource, options).getMessages().stream().map(Judge::finding).toList();
        answer = JSON.writeValueAsBytes(findings);
      } catch (RuntimeException error) {
        status = 500;
        answer = String.valueOf(error).getBytes(StandardCharsets.UTF_8);
      }
      exchange.sendResponseHeaders(status, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private static Map<String, String> finding(SingleValidationMessage message) {
    return Map.of(
        "severity", message.getSeverity().getCode(),
        "where", String.valueOf(message.getLocationString()),
        "message", String.valueOf(message.getMessage()),
        "id", String.valueOf(message.getMessageId()));
  }

  private static void endWithStandardInput() {
    try {
      System.in.transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException closed) {
      // The same end.
    }
    Runtime.getRuntime().halt(0);
  }
}
