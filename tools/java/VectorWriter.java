import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/**
 * Writes golden vectors: for every message of the broker listener, both headers and every data message, in every
 * version, three instances as Java's bytes and Java's JSON, one line each. What a version has is read from the
 * schemas that Kafka's own classes carry, so that nothing here depends on our generator. Same output in every run.
 */
public class VectorWriter {
    private static final String MESSAGES = "org.apache.kafka.common.message.";
    private static final List<String> OTHERS = List.of("RequestHeader", "ResponseHeader", "AbortedTxn",
        "ConsumerProtocolAssignment", "ConsumerProtocolSubscription", "ControlRecordTypeSchema",
        "DefaultPrincipalData", "EndTxnMarker", "KRaftVersionRecord", "LeaderChangeMessage",
        "SnapshotFooterRecord", "SnapshotHeaderRecord", "VotersRecord");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private enum Kind { DEFAULTS, RANDOM, EXTREMES }

    private final Random random;
    private final Kind kind;

    private VectorWriter(Kind kind, long seed) {
        this.kind = kind;
        this.random = new Random(seed);
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (ApiMessageType api : ApiMessageType.values()) {
            if (!api.listeners().contains(ApiMessageType.ListenerType.BROKER)) continue;
            writeAll(out, api.newRequest().getClass());
            writeAll(out, api.newResponse().getClass());
        }
        for (String name : OTHERS) writeAll(out, Class.forName(MESSAGES + name + classSuffix(name)));
        out.flush();
    }

    private static String classSuffix(String name) {
        return name.endsWith("Header") ? "Data" : "";
    }

    private static void writeAll(PrintStream out, Class<?> type) throws Exception {
        Message sample = (Message) type.getDeclaredConstructor().newInstance();
        String name = type.getSimpleName().replaceFirst("(Request|Response|Header)Data$", "$1");
        for (short version = sample.lowestSupportedVersion(); version <= sample.highestSupportedVersion(); version++) {
            for (Kind kind : Kind.values()) {
                long seed = (name + version + kind).hashCode();
                Message message = (Message) type.getDeclaredConstructor().newInstance();
                new VectorWriter(kind, seed).fill(message, schemas(type)[version]);
                out.println(line(name, version, kind, message));
            }
        }
    }

    private static Schema[] schemas(Class<?> type) throws ReflectiveOperationException {
        return (Schema[]) type.getField("SCHEMAS").get(null);
    }

    private static String line(String name, short version, Kind kind, Message message) throws Exception {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer bytes = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(bytes), cache, version);
        if (bytes.hasRemaining()) throw new IllegalStateException(name + " v" + version + " has a wrong size");
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        // Without the records themselves their size is given, which says more than the empty text otherwise written.
        JsonNode json = (JsonNode) converter.getMethod("write", message.getClass(), short.class, boolean.class)
            .invoke(null, message, version, false);
        ObjectNode line = MAPPER.createObjectNode();
        line.put("message", name);
        line.put("version", version);
        line.put("kind", kind.name().toLowerCase(Locale.ROOT));
        line.put("bytes", Base64.getEncoder().encodeToString(bytes.array()));
        line.set("json", json);
        return MAPPER.writeValueAsString(line);
    }

    private void fill(Object message, Schema schema) throws Exception {
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields) {
                fillTagged((Message) message, (TaggedFields) bound.def.type);
            } else {
                set(message, bound.def.name, bound.def.type);
            }
        }
    }

    private void fillTagged(Message message, TaggedFields section) throws Exception {
        for (org.apache.kafka.common.protocol.types.Field field : section.fields().values()) {
            if (kind == Kind.RANDOM || (kind == Kind.EXTREMES && random.nextBoolean())) set(message, field.name, field.type);
        }
        if (kind == Kind.DEFAULTS || random.nextInt(3) > 0) return;
        message.unknownTaggedFields().add(new RawTaggedField(100 + random.nextInt(100), bytes(random.nextInt(12))));
        if (random.nextBoolean()) message.unknownTaggedFields().add(new RawTaggedField(20_000, bytes(130)));
        if (random.nextBoolean()) message.unknownTaggedFields().add(new RawTaggedField(Integer.MAX_VALUE - 1, bytes(0)));
    }

    private void set(Object message, String schemaName, Type type) throws Exception {
        Field field = javaField(message.getClass(), schemaName);
        if (kind == Kind.DEFAULTS) {
            // Records are null by default; where a version does not allow that, they are empty.
            boolean records = !type.isArray() && !(type instanceof Schema) && type.toString().endsWith("RECORDS");
            if (records && !type.isNullable()) field.set(message, records(new byte[0], field.getType()));
            return;
        }
        field.set(message, value(type, field));
    }

    private static Field javaField(Class<?> type, String schemaName) {
        String wanted = schemaName.replace("_", "").toLowerCase(Locale.ROOT);
        for (Field field : type.getDeclaredFields()) {
            if (!java.lang.reflect.Modifier.isStatic(field.getModifiers())
                    && field.getName().toLowerCase(Locale.ROOT).equals(wanted)) {
                field.setAccessible(true);
                return field;
            }
        }
        throw new IllegalStateException(type + " has no field for " + schemaName);
    }

    private Object value(Type type, Field field) throws Exception {
        // Random instances have a value in every field, extreme ones null in every other field that may be null.
        if (type.isNullable() && kind == Kind.EXTREMES && random.nextBoolean()) return null;
        if (type.isArray()) return array(type.arrayElementType().orElseThrow(), field);
        if (type instanceof Schema) return struct((Schema) type, field.getType());
        return scalar(type, field.getType());
    }

    private Object struct(Schema schema, Class<?> javaType) throws Exception {
        Constructor<?> constructor = javaType.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object struct = constructor.newInstance();
        fill(struct, schema);
        return struct;
    }

    @SuppressWarnings("unchecked")
    private Object array(Type element, Field field) throws Exception {
        Class<?> javaType = field.getType();
        Collection<Object> items;
        Class<?> elementType;
        if (javaType == List.class) {
            items = new ArrayList<>();
            elementType = (Class<?>) ((ParameterizedType) field.getGenericType()).getActualTypeArguments()[0];
        } else {
            items = (Collection<Object>) javaType.getDeclaredConstructor().newInstance();
            elementType = (Class<?>) ((ParameterizedType) javaType.getGenericSuperclass()).getActualTypeArguments()[0];
        }
        for (int count = length(element instanceof Schema); count > 0; count--) {
            items.add(element instanceof Schema ? struct((Schema) element, elementType) : scalar(element, elementType));
        }
        return items;
    }

    /** Long arrays are longer than what one byte of a compact length can say. */
    private int length(boolean structs) {
        // Random instances have structs in every array, so that the deepest ones are reached in every version.
        if (structs) return kind == Kind.EXTREMES ? random.nextInt(3) : 1 + random.nextInt(2);
        return kind == Kind.EXTREMES && random.nextInt(6) == 0 ? 130 : random.nextInt(4);
    }

    private Object scalar(Type type, Class<?> javaType) {
        String name = type.toString();
        if (name.contains("STRING")) return text();
        if (name.contains("RECORDS")) return records(bytes(byteCount()), javaType);
        if (name.contains("BYTES")) return javaType == ByteBuffer.class ? ByteBuffer.wrap(bytes(byteCount())) : bytes(byteCount());
        switch (name) {
            case "BOOLEAN": return kind == Kind.RANDOM || random.nextBoolean();
            case "INT8": return (byte) integer(Byte.MIN_VALUE, Byte.MAX_VALUE);
            case "INT16": return (short) integer(Short.MIN_VALUE, Short.MAX_VALUE);
            case "UINT16": return (int) integer(0, 0xffff);
            case "INT32": return (int) integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case "INT64": return integer(Long.MIN_VALUE, Long.MAX_VALUE);
            case "FLOAT64": return kind == Kind.EXTREMES ? Double.MAX_VALUE : random.nextGaussian();
            case "UUID": return new Uuid(random.nextLong(), random.nextLong());
            default: throw new IllegalStateException("Type " + name + " is not known here");
        }
    }

    private long integer(long min, long max) {
        if (kind == Kind.EXTREMES) return random.nextBoolean() ? min : max;
        long span = max - min;
        return span > 0 && span < Long.MAX_VALUE ? min + (long) (random.nextDouble() * span) : random.nextLong();
    }

    private int byteCount() {
        return kind == Kind.EXTREMES ? (random.nextBoolean() ? 0 : 200) : random.nextInt(20);
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private String text() {
        if (kind == Kind.RANDOM) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i > 0; i--) text.append((char) ('a' + random.nextInt(26)));
            return text.toString();
        }
        switch (random.nextInt(4)) {
            case 0: return "";
            case 1: return "gr\u00fc\u00dfe \u0416 \u4e2d\u6587 \ud83d\ude80 \u0000\"\\\n";
            case 2: return "x".repeat(126 + random.nextInt(4));
            default: return "\ud83e\udd80".repeat(1 + random.nextInt(3));
        }
    }

    private static Object records(byte[] bytes, Class<?> fieldType) {
        try {
            Class<?> memoryRecords = Class.forName(fieldType.getPackageName() + ".MemoryRecords");
            return memoryRecords.getMethod("readableRecords", ByteBuffer.class).invoke(null, ByteBuffer.wrap(bytes));
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }
}
