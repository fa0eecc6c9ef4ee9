import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Prints seeded groups and what the Java assignors give to their members, one JSON object a line. Each group lives
 * through several rebalances, so that owned partitions, generations and user data are those of real groups; some
 * members claim what they no longer own.
 */
public class AssignorVectorWriter {
    static final String[] RACKS = {"a", "b", "c"};

    static final class Member {
        String id;
        String instanceId;
        String rack;
        List<String> topics;
        ConsumerPartitionAssignor assignor;
        List<TopicPartition> owned = new ArrayList<>();
        int generation = -1;
        boolean silent;
    }

    final Random random;
    final String kind;
    final Map<String, Integer> topics = new LinkedHashMap<>();
    final Map<String, List<Set<String>>> racks = new HashMap<>();
    final List<Member> members = new ArrayList<>();
    final boolean withRacks;
    final boolean equalTopics;
    int names = 0;

    AssignorVectorWriter(String kind, long seed) {
        this.kind = kind;
        this.random = new Random(seed);
        this.withRacks = random.nextInt(3) == 0;
        this.equalTopics = random.nextBoolean();
    }

    ConsumerPartitionAssignor newAssignor() {
        switch (kind) {
            case "range": return new RangeAssignor();
            case "roundrobin": return new RoundRobinAssignor();
            case "sticky": return new StickyAssignor();
            default: return new CooperativeStickyAssignor();
        }
    }

    String randomName(String prefix) {
        return prefix + Integer.toString(random.nextInt(100000), 36) + "-" + names++;
    }

    void addTopic() {
        String name = randomName(random.nextBoolean() ? "orders-" : "t");
        boolean same = random.nextInt(3) == 0 && !topics.isEmpty();
        int count = same ? topics.values().iterator().next() : random.nextInt(21);
        topics.put(name, count);
        racks.put(name, new ArrayList<>());
        grow(name, count);
    }

    void grow(String name, int count) {
        topics.put(name, count);
        List<Set<String>> list = racks.get(name);
        while (list.size() < count) {
            Set<String> set = new TreeSet<>();
            int replicas = 1 + random.nextInt(2);
            for (int i = 0; i < replicas; i++) set.add(RACKS[random.nextInt(RACKS.length)]);
            list.add(set);
        }
    }

    List<String> randomTopics() {
        List<String> all = new ArrayList<>(topics.keySet());
        if (random.nextInt(12) == 0) all.add("missing");
        Collections.shuffle(all, random);
        if (equalTopics) {
            all.remove("missing");
            return all;
        }
        return new ArrayList<>(all.subList(0, 1 + random.nextInt(all.size())));
    }

    void addMember() {
        Member member = new Member();
        member.id = randomName("consumer-shop-") + "-" + Long.toHexString(random.nextLong());
        if (random.nextInt(6) == 0) member.instanceId = randomName("instance-");
        if (withRacks && random.nextInt(6) != 0) member.rack = RACKS[random.nextInt(RACKS.length)];
        member.topics = randomTopics();
        member.assignor = newAssignor();
        members.add(member);
    }

    void mutate() {
        int leaving = random.nextInt(3);
        for (int i = 0; i < leaving && members.size() > 1; i++) members.remove(random.nextInt(members.size()));
        int joining = random.nextInt(3);
        for (int i = 0; i < joining && members.size() < 8; i++) addMember();
        if (random.nextInt(4) == 0 && topics.size() < 6) {
            addTopic();
            if (equalTopics) for (Member m : members) m.topics = randomTopics();
        }
        if (random.nextInt(4) == 0) {
            String name = new ArrayList<>(topics.keySet()).get(random.nextInt(topics.size()));
            grow(name, topics.get(name) + random.nextInt(4));
        }
        if (!equalTopics && random.nextInt(3) == 0)
            members.get(random.nextInt(members.size())).topics = randomTopics();
        for (Member m : members) m.silent = random.nextInt(8) == 0;
    }

    Cluster cluster() {
        Map<String, Node> nodes = new HashMap<>();
        for (int i = 0; i < RACKS.length; i++)
            nodes.put(RACKS[i], new Node(i, "host" + i, 9092, withRacks ? RACKS[i] : null));
        List<PartitionInfo> infos = new ArrayList<>();
        for (Map.Entry<String, Integer> topic : topics.entrySet())
            for (int p = 0; p < topic.getValue(); p++) {
                Node[] replicas = racks.get(topic.getKey()).get(p).stream().map(nodes::get).toArray(Node[]::new);
                infos.add(new PartitionInfo(topic.getKey(), p, replicas[0], replicas, replicas));
            }
        return new Cluster("cluster", nodes.values(), infos, Set.of(), Set.of());
    }

    void rebalance(int round, StringBuilder out) {
        Map<String, Subscription> subscriptions = new HashMap<>();
        Map<String, String> encoded = new HashMap<>();
        List<String> order = new ArrayList<>();
        for (Member m : members) {
            ByteBuffer userData = m.silent ? null : m.assignor.subscriptionUserData(new LinkedHashSet<>(m.topics));
            boolean eager = !kind.equals("cooperative-sticky");
            List<TopicPartition> owned = eager || m.silent ? List.of() : m.owned;
            int generation = m.silent ? -1 : m.generation;
            Subscription subscription = new Subscription(new ArrayList<>(m.topics), userData, new ArrayList<>(owned),
                generation, Optional.ofNullable(m.rack));
            encoded.put(m.id, hex(ConsumerProtocol.serializeSubscription(subscription)));
            if (userData != null) userData.rewind();
            subscription.setGroupInstanceId(Optional.ofNullable(m.instanceId));
            subscriptions.put(m.id, subscription);
            order.add(m.id);
        }
        out.setLength(0);
        out.append("{\"assignor\":").append(quote(kind)).append(",\"topics\":[");
        boolean first = true;
        for (Map.Entry<String, Integer> topic : topics.entrySet()) {
            if (!first) out.append(',');
            first = false;
            out.append("{\"name\":").append(quote(topic.getKey())).append(",\"partitionCount\":").append(topic.getValue());
            if (withRacks) out.append(",\"racks\":").append(rackList(racks.get(topic.getKey())));
            out.append('}');
        }
        out.append("],\"members\":[");
        first = true;
        for (Member m : members) {
            Subscription s = subscriptions.get(m.id);
            if (!first) out.append(',');
            first = false;
            out.append("{\"memberId\":").append(quote(m.id))
                .append(",\"groupInstanceId\":").append(quote(m.instanceId))
                .append(",\"topics\":").append(strings(m.topics))
                .append(",\"ownedPartitions\":").append(partitions(s.ownedPartitions()))
                .append(",\"claimed\":").append(partitions(m.silent ? List.of() : m.owned))
                .append(",\"generationId\":").append(m.silent ? -1 : m.generation)
                .append(",\"rackId\":").append(quote(m.rack))
                .append(",\"userData\":").append(s.userData() == null ? "null" : quote(hex(s.userData().duplicate())))
                .append(",\"subscription\":").append(quote(encoded.get(m.id)))
                .append('}');
        }
        out.append("],\"result\":{");
        Map<String, Assignment> result = newAssignor().assign(cluster(), new GroupSubscription(subscriptions)).groupAssignment();
        first = true;
        for (String id : order) {
            List<TopicPartition> assigned = result.get(id).partitions();
            if (!first) out.append(',');
            first = false;
            out.append(quote(id)).append(":{\"partitions\":").append(partitions(assigned))
                .append(",\"bytes\":").append(quote(hex(ConsumerProtocol.serializeAssignment(result.get(id))))).append('}');
        }
        out.append("}}");
        for (Member m : members) {
            if (random.nextInt(7) == 0 && round > 0) continue;
            m.owned = new ArrayList<>(result.get(m.id).partitions());
            m.generation = round + 1;
            m.assignor.onAssignment(result.get(m.id), new ConsumerGroupMetadata("shop", m.generation, m.id, Optional.empty()));
        }
    }

    static String rackList(List<Set<String>> list) {
        List<String> parts = new ArrayList<>();
        for (Set<String> racks : list) parts.add(strings(new ArrayList<>(racks)));
        return "[" + String.join(",", parts) + "]";
    }

    static String strings(List<String> list) {
        List<String> parts = new ArrayList<>();
        for (String s : list) parts.add(quote(s));
        return "[" + String.join(",", parts) + "]";
    }

    static String partitions(List<TopicPartition> list) {
        List<String> parts = new ArrayList<>();
        for (TopicPartition tp : list) parts.add("[" + quote(tp.topic()) + "," + tp.partition() + "]");
        return "[" + String.join(",", parts) + "]";
    }

    static String quote(String text) {
        return text == null ? "null" : "\"" + text + "\"";
    }

    static String hex(ByteBuffer buffer) {
        StringBuilder text = new StringBuilder();
        ByteBuffer copy = buffer.duplicate();
        while (copy.hasRemaining()) text.append(String.format("%02x", copy.get()));
        return text.toString();
    }

    public static void main(String[] args) {
        int groups = args.length > 0 ? Integer.parseInt(args[0]) : 40;
        long base = args.length > 1 ? Long.parseLong(args[1]) : 0;
        StringBuilder out = new StringBuilder();
        for (String kind : new String[] {"range", "roundrobin", "sticky", "cooperative-sticky"})
            for (int g = 0; g < groups; g++) {
                AssignorVectorWriter group = new AssignorVectorWriter(kind, base + g * 7919L + kind.hashCode());
                int topicCount = 1 + group.random.nextInt(5);
                for (int i = 0; i < topicCount; i++) group.addTopic();
                int memberCount = 1 + group.random.nextInt(6);
                for (int i = 0; i < memberCount; i++) group.addMember();
                int rounds = kind.equals("range") || kind.equals("roundrobin") ? 2 : 5;
                for (int round = 0; round < rounds; round++) {
                    try {
                        group.rebalance(round, out);
                        System.out.println(out);
                    } catch (RuntimeException e) {
                        System.err.println(kind + " group " + g + " round " + round + " has no Java result: " + e);
                        break;
                    }
                    group.mutate();
                }
            }
    }
}
