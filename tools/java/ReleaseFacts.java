import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;

/**
 * Prints what one release of Kafka serves its clients, one fact a line: `api KEY MIN MAX` with the stable versions of
 * an API on a broker's listener, and `feature NAME MIN MAX LEVEL` with the range that a broker supports and the level
 * that a freshly formatted cluster has. Needs kafka-server-common of the release; by reflection, since each release
 * names these things otherwise.
 *
 * Arguments: the listener, broker or zk_broker.
 */
public class ReleaseFacts {
    private static final String COMMON = "org.apache.kafka.server.common.";

    public static void main(String[] args) throws Exception {
        ListenerType listener = ListenerType.valueOf(args[0].toUpperCase(Locale.ROOT));
        for (ApiMessageType type : ApiMessageType.values()) {
            short highest = highestStable(type);
            if (!type.listeners().contains(listener) || highest < type.lowestSupportedVersion()) continue;
            System.out.println("api " + type.apiKey() + " " + type.lowestSupportedVersion() + " " + highest);
        }
        if (listener == ListenerType.BROKER) printFeatures();
    }

    private static short highestStable(ApiMessageType type) throws Exception {
        try {
            return (short) ApiMessageType.class.getMethod("highestSupportedVersion", boolean.class).invoke(type, false);
        } catch (NoSuchMethodException before35) {
            return (short) ApiMessageType.class.getMethod("highestSupportedVersion").invoke(type);
        }
    }

    private static void printFeatures() throws Exception {
        Class<?> versions = Class.forName(COMMON + "MetadataVersion");
        Object latest = latestProduction(versions);
        System.out.println("feature metadata.version " + lowestLevel(versions) + " " + level(latest) + " " + level(latest));
        Optional<Class<?>> features = Stream.of("Feature", "Features").flatMap(ReleaseFacts::find).findFirst();
        if (features.isEmpty() || production(features.get()).length == 0) return;
        for (Object feature : production(features.get())) {
            Class<?> type = features.get();
            short max = (short) type.getMethod("latestProduction").invoke(feature);
            if (max <= 0) continue;
            System.out.println("feature " + type.getMethod("featureName").invoke(feature)
                + " " + minimum(type, feature) + " " + max + " " + initialLevel(type, feature, versions, latest));
        }
    }

    private static Stream<Class<?>> find(String name) {
        try {
            return Stream.of(Class.forName(COMMON + name));
        } catch (ClassNotFoundException absent) {
            return Stream.empty();
        }
    }

    private static Object latestProduction(Class<?> versions) throws Exception {
        try {
            return versions.getField("LATEST_PRODUCTION").get(null);
        } catch (NoSuchFieldException before37) {
            return versions.getMethod("latest").invoke(null);
        }
    }

    private static short lowestLevel(Class<?> versions) throws Exception {
        for (String name : new String[] {"MINIMUM_VERSION", "MINIMUM_KRAFT_VERSION"}) {
            try {
                return level(versions.getField(name).get(null));
            } catch (NoSuchFieldException otherRelease) {
                continue;
            }
        }
        return 1;
    }

    private static short level(Object version) throws Exception {
        return (short) version.getClass().getMethod("featureLevel").invoke(version);
    }

    /** Nothing for the releases that had a class of this name for another purpose. */
    private static Object[] production(Class<?> type) throws Exception {
        try {
            return ((Collection<?>) type.getField("PRODUCTION_FEATURES").get(null)).toArray();
        } catch (NoSuchFieldException before39) {
            return new Object[0];
        }
    }

    private static short minimum(Class<?> type, Object feature) throws Exception {
        try {
            return (short) type.getMethod("minimumProduction").invoke(feature);
        } catch (NoSuchMethodException before39) {
            return 0;
        }
    }

    private static short initialLevel(Class<?> type, Object feature, Class<?> versions, Object latest)
            throws Exception {
        for (String name : new String[] {"defaultLevel", "defaultValue"}) {
            try {
                return (short) type.getMethod(name, versions).invoke(feature, latest);
            } catch (NoSuchMethodException otherRelease) {
                continue;
            }
        }
        return 0;
    }
}
